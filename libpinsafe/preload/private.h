/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_PRIVATE_H
#define PINSAFE_PRIVATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/export.h"
#include "hook/called.h"
#include "preload/own_operation.h"

/* For libpinsafe-preload.so of the same version only */

/* See engine_set_ops(). */
void pinsafe_private_set_ops(void *verbs_context, const void *ops,
			     const void *caller);
/* See called_set(). */
void pinsafe_private_in_front(const struct called_function *functions,
			      size_t n);
/* See watch_enable(), watch_mapped(), own_operation.h. */
void pinsafe_private_watch(void);
void pinsafe_private_mapped(void *addr, size_t length, int fd);
uint64_t pinsafe_private_unmapping(const void *addr, size_t length);
void pinsafe_private_unmapped(const void *addr, size_t length, uint64_t ticket);
void pinsafe_private_remapped(const struct own_remap *remap, uint64_t ticket);
int pinsafe_private_removal_begin(int fd, struct lease_barrier *barrier);
int pinsafe_private_sharing_begin(int fd, struct lease_barrier *barrier);
void pinsafe_private_removal_end(struct lease_barrier *barrier);
int pinsafe_private_removal_mapped(void *addr, size_t length,
				   int (*real_madvise)(void *, size_t, int));
/* See guard_check_pin(). */
int pinsafe_private_check_pin(const void *addr, size_t length,
			      const char *entry);
void pinsafe_private_sync_file(int fd);
void pinsafe_private_sync_range(const void *addr, size_t length);
void pinsafe_private_sync_fs(int fd);
void pinsafe_private_sync_all(void);

/* For the provider of the same version only; see scan_start() */
void pinsafe_private_start(int pabi, bool is_asked_for);

#endif /* PINSAFE_PRIVATE_H */
