// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* An object that unmaps memory, and has a hook for others that do */
#include <sys/mman.h>

__attribute__((visibility("default"))) int call_munmap(void *addr,
						       size_t length);

__attribute__((visibility("default"))) int hook_munmap(void *addr,
						       size_t length);
__attribute__((visibility("default"))) int call_munlockall(void);

int hook_munmap(void *addr, size_t length)
{
	return 0;
}

int call_munmap(void *addr, size_t length)
{
	return munmap(addr, length);
}

/* Bound lazily: not before it is called */
int call_munlockall(void)
{
	return munlockall();
}
