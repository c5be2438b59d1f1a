// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>

#include "../fakes/fake_open.h"
#include "provided.h"

#define MODULE "/sys/module/layout_lease"

int __real_sys_fcntl(int fd, int command, uintptr_t arg);
int __wrap_sys_fcntl(int fd, int command, uintptr_t arg);

int provided_lease_error;

int __wrap_sys_fcntl(int fd, int command, uintptr_t arg)
{
	if (command != F_SETLEASE)
		return __real_sys_fcntl(fd, command, arg);
	errno = provided_lease_error;
	return errno ? -1 : 0;
}

int provided_setup(void **state)
{
	provided_lease_error = EINVAL;
	fake_open_reset();
	fake_open_file("/proc/sys/fs/leases-enable", "1\n");
	fake_open_fails(MODULE "/version", ENOENT);
	fake_open_fails(MODULE "_control/version", ENOENT);
	return 0;
}

static void show(const char *path, const char *text)
{
	if (text)
		fake_open_file(path, text);
	else
		fake_open_fails(path, ENOENT);
}

void provided_module(const char *version, const char *state,
		     const char *file_systems)
{
	show(MODULE "/version", version);
	show(MODULE "/parameters/state", state);
	show(MODULE "/parameters/file_systems", file_systems);
}

void provided_page_caches(const char *page_cache_write)
{
	show(MODULE "/parameters/page_cache_write", page_cache_write);
}
