/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_API_H
#define PINSAFE_API_H

#include <infiniband/pinsafe.h>

#define PINSAFE_EXPORT __attribute__((visibility("default")))

/* For preload.c of the same version only; see engine_set_ops() */
void pinsafe_private_set_ops(void *verbs_context, const void *ops,
			     const void *caller);

#endif /* PINSAFE_API_H */
