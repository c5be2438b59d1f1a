/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* What a function of the preload object is there for */
enum called_use {
	CALLED_MAPPINGS, /* mappings that come and go */
	CALLED_FILES,	 /* blocks taken away, and files written back */
};

/* A function of the preload object, and the name that the program calls */
struct called_function {
	const char *name;
	const void *ours;
	enum called_use use;
};

/* The preload object is loaded; @functions stays there. */
void called_set(const struct called_function *functions, size_t n);

/* Who calls what past the preload object, or may do so; whole paths, cut */
struct called_bypass {
	const char *name;
	char caller[128], callee[128];
};

/*
 * To be loaded is not to be called: another object may be in front of the
 * preload object, or have changed tables of imports.  So look at what those of
 * all loaded objects have for the names of @use.
 *
 * False and @ret_bypass (if it is not NULL), the first that is not ours; its name
 * is NULL if there is no preload object, or no memory to look at all.  For threads
 * of the program, without locks: it takes that of the dynamic linker.
 */
bool called_is_sure(enum called_use use, struct called_bypass *ret_bypass);

/*
 * The same for objects that are never unloaded, as of the last called_is_sure():
 * those up to the dynamic linker in its list, which begins with the program and
 * what is preloaded, and libpinsafe.  Without any lock.
 */
bool called_seems_sure(enum called_use use);
