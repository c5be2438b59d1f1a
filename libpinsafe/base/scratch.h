/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Memory for the length of a call, from neither the stack nor the allocator: threads
 * of the program may have a stack of 16 KiB, and signal handlers do not allocate.
 */
#pragma once

#define SCRATCH_SIZE 8192

/* Aligned for anything; NULL: there is no memory. */
void *scratch_take(void);
/* @scratch: may be NULL */
void scratch_give(void *scratch);

/* In a child of fork(2): what other threads had at that time is free again. */
void scratch_forget(void);
