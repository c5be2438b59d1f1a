/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_WATCH_MAPPED_H
#define PINSAFE_WATCH_MAPPED_H

#include <stddef.h>
#include <stdint.h>

/*
 * The program has mapped @fd.  For any thread of it, without locks; leaves
 * errno as it is.
 */
void watch_mapped(void *addr, size_t length, int fd);

/*
 * The same of mappings that are there already: those of files of which the
 * calling thread has the only description open.
 */
void watch_look_back(void);
/* One of them, of the file that @fd is one of */
void watch_found(uintptr_t start, uintptr_t end, int fd);

#endif /* PINSAFE_WATCH_MAPPED_H */
