/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Look for what may not be there, without leaving to the program an error in
 * dlerror(3).  Inline, so that RTLD_NEXT is behind the object that asks.
 */
#pragma once

#include <dlfcn.h>
#include <stddef.h>

/* dlsym(3) */
static inline void *look_up(void *handle, const char *name)
{
	void *symbol = dlsym(handle, name);

	if (!symbol)
		(void)dlerror();
	return symbol;
}

/* dlopen(3) */
static inline void *look_up_library(const char *name, int flags)
{
	void *handle = dlopen(name, flags);

	if (!handle)
		(void)dlerror();
	return handle;
}

/* In a library that is loaded, maybe with RTLD_LOCAL */
static inline void *look_up_in(const char *library, const char *name)
{
	void *handle = look_up_library(library, RTLD_NOW | RTLD_NOLOAD);
	void *symbol = handle ? look_up(handle, name) : NULL;

	if (handle)
		dlclose(handle);
	return symbol;
}
