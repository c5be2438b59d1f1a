/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

/*
 * Does the kernel by itself refuse to pin, for a device that writes, each page
 * of a file that would need a guard, as long as this process has no lease?  Any
 * thread, without locks.
 */
bool pin_rule_is_strict(void);

/* As far as its release says it: for files with a page cache, Linux 6.5 and later */
bool pin_rule_is_of_release(void);
