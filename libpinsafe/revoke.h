/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_REVOKE_H
#define PINSAFE_REVOKE_H

#include <infiniband/verbs.h>

/*
 * Destroy the kernel's side of @mr, so that the device can not reach the memory
 * any more: the pages are unpinned and every use of the keys is an error.  The
 * provider's struct stays as it is, the program may still read it.  For the
 * keeper's thread, which has the descriptor of the context.
 *
 * 0, also if the device is gone and its memory regions with it; or the errno of
 * the kernel: EBUSY if the MR is in use, EINVAL if a memory window is bound.
 */
int revoke_mr(struct ibv_mr *mr);

#endif /* PINSAFE_REVOKE_H */
