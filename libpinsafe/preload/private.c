// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Entry points for the preload object and the provider, which have no state. */
#include "base/fork.h"
#include "guard.h"
#include "hook/engine.h"
#include "hook/scan.h"
#include "policy/config.h"
#include "preload/own_operation.h"
#include "preload/private.h"
#include "preload/watch_mapped.h"
#include "preload/wire.h"
#include "watch.h"

PINSAFE_EXPORT void pinsafe_private_set_ops(void *verbs_context,
					    const void *ops, const void *caller)
{
	wire();
	engine_set_ops(verbs_context, ops, caller);
}

PINSAFE_EXPORT void pinsafe_private_start(int pabi, bool is_asked_for)
{
	wire();
	if (!is_asked_for)
		config_set_uninvited();
	scan_start(pabi);
}

PINSAFE_EXPORT void
pinsafe_private_in_front(const struct called_function *functions, size_t n)
{
	called_set(functions, n);
}

PINSAFE_EXPORT void pinsafe_private_watch(void)
{
	wire();
	if (!config_get()->off && watch_enable())
		watch_look_back();
}

PINSAFE_EXPORT void pinsafe_private_mapped(void *addr, size_t length, int fd)
{
	watch_mapped(addr, length, fd);
}

PINSAFE_EXPORT uint64_t pinsafe_private_unmapping(const void *addr,
						  size_t length)
{
	return own_unmapping(addr, length);
}

PINSAFE_EXPORT void pinsafe_private_unmapped(const void *addr, size_t length,
					     uint64_t ticket)
{
	own_unmapped(addr, length, ticket);
}

PINSAFE_EXPORT void pinsafe_private_remapped(const struct own_remap *remap,
					     uint64_t ticket)
{
	own_remapped(remap, ticket);
}

PINSAFE_EXPORT int pinsafe_private_removal_begin(int fd,
						 struct lease_barrier *barrier)
{
	return own_removal_begin(fd, barrier);
}

PINSAFE_EXPORT int pinsafe_private_sharing_begin(int fd,
						 struct lease_barrier *barrier)
{
	return own_sharing_begin(fd, barrier);
}

PINSAFE_EXPORT void pinsafe_private_removal_end(struct lease_barrier *barrier)
{
	own_removal_end(barrier);
}

PINSAFE_EXPORT int
pinsafe_private_removal_mapped(void *addr, size_t length,
			       int (*real_madvise)(void *, size_t, int))
{
	return own_removal_mapped(addr, length, real_madvise);
}

PINSAFE_EXPORT int pinsafe_private_check_pin(const void *addr, size_t length,
					     const char *entry)
{
	fork_check();
	return guard_check_pin(addr, length, entry);
}

PINSAFE_EXPORT void pinsafe_private_sync_file(int fd)
{
	own_sync_file(fd);
}

PINSAFE_EXPORT void pinsafe_private_sync_range(const void *addr, size_t length)
{
	own_sync_range(addr, length);
}

PINSAFE_EXPORT void pinsafe_private_sync_fs(int fd)
{
	own_sync_fs(fd);
}

PINSAFE_EXPORT void pinsafe_private_sync_all(void)
{
	own_sync_all();
}
