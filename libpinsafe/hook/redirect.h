/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/*
 * Let the loaded object that contains the function @inside call @replacement
 * whenever it calls the imported function @name.
 *
 * 0; ENOENT if the object does not import @name; or the errno of mprotect(2).
 */
int redirect_import(const void *inside, const char *name, void *replacement);

/*
 * The same for all loaded objects that import @name.  @done is called for each
 * that was not redirected before, with 0 or the errno of mprotect(2); its path
 * is empty for the program itself.  0 or ENOMEM.
 */
int redirect_importers(const char *name, void *replacement,
		       void (*done)(const char *path, int error));

/*
 * In a callback of dl_iterate_phdr(3): call @fn for all entries of the object's
 * tables that stand for the imported function @name.
 */
struct dl_phdr_info;
typedef void redirect_slot_fn(const struct dl_phdr_info *info, void **slot,
			      void *arg);
void redirect_for_each_slot(const struct dl_phdr_info *info, const char *name,
			    redirect_slot_fn *fn, void *arg);
