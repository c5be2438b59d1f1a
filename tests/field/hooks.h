/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* A library that hears by UCX, or by Open MPI, of memory that goes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#pragma GCC visibility push(default)

/* Its constructor does this if the environment has HOOKS_SET=constructor. */
int hooks_set(void);

/* What follows is about all of @length bytes at @address. */
void hooks_expect(const void *address, size_t length);
/* Has it been told that it goes?  All of it, or a part where only libc knows. */
bool hooks_told(bool is_part_enough);

#pragma GCC visibility pop

/* Of the library: this was unmapped. */
void hooks_hear(const void *address, size_t length);
