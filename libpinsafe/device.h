/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <infiniband/verbs.h>

#include "base/cause.h"

/*
 * For threads of the program, inside a section: see to it that the keeper has
 * the open device of @context, as this thread has it.
 *
 * 0; EBADF if this thread has something else, or nothing, under the number of
 * its descriptor; or an errno of keeper_call_with(), fcntl(2).  @cause: recorded
 */
int device_adopt(struct ibv_context *context, struct cause *cause);

/*
 * The keeper can destroy @mr, just registered by this thread: it is on the
 * device that the keeper has.  0, or EBADF; ENOTTY: that is no device of the
 * kernel's verbs.  @cause: recorded
 */
int device_prove(struct ibv_mr *mr, struct cause *cause);

/* For the keeper's thread. */

/*
 * Destroy the kernel's side of @mr, so that the device can not reach the memory
 * any more: the pages are unpinned and every use of the keys is an error.  The
 * provider's struct stays as it is, the program may still read it.
 *
 * 0, also if the device is gone and its memory regions with it; or the errno of
 * the kernel: EBUSY if the MR is in use, EINVAL if a memory window is bound.
 */
int device_destroy_mr(const struct ibv_mr *mr);
/* @context is about to be closed. */
void device_drop(const struct ibv_context *context);

/* For a child of fork(2), see fork.h: it lets go of the devices of its parent. */
void disown_devices(void);
