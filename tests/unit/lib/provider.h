/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PROVIDER_H
#define PROVIDER_H

void *provider_op(void);

#endif /* PROVIDER_H */
