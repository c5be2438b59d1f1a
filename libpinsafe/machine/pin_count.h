/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdint.h>

/*
 * How often the kernel has pinned for this process what is not anonymous memory
 * only; 0: nobody counts.  Memory that was registered between two answers that are
 * the same is anonymous.  Any thread, without locks; makes system calls the first
 * time only.
 */
uint64_t pin_count(void);

/* There may be a count now that was not there before. */
void pin_count_look_again(void);

/* In the child of fork(2), where the memory with the count is not mapped */
void pin_count_forget(void);
