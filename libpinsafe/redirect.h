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

#endif /* PINSAFE_REDIRECT_H */
