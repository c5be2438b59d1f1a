/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What a program does to its file, the one that is in a memory region.  Functions
 * return 0 or an errno value.
 */
#pragma once

#include "region.h"

#define OWN_FILE_LEN (64UL << 10)
/* What is taken away, and a place in there */
#define OWN_FROM 16384
#define OWN_LEN 16384
#define OWN_AT 20480

/* The file, and where another one may be made */
extern struct region own_region;
extern const char *own_directory;

struct own_operation {
	const char *name; /* NULL at the end of a table */
	int (*run)(void);
	enum { OWN_ANYWHERE, OWN_XFS, OWN_EXT4 } where;
};

/* They take blocks or pages away, */
extern const struct own_operation own_removals[];
/* by the file's path, or */
extern const struct own_operation own_opens[];
/* not at all. */
extern const struct own_operation own_harmless[];

/* Into another file, open as @to */
extern const struct own_sharing {
	const char *name;
	int (*run)(int to);
} own_sharings[];

/* Open a new file as long as that one */
int own_open_other(void);
int own_copy(void);
int own_grow(void);
