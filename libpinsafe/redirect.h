/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_REDIRECT_H
#define PINSAFE_REDIRECT_H

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

#endif /* PINSAFE_REDIRECT_H */
