// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* mprotect(2) of a system that does not allow it */
#include <errno.h>
#include <stddef.h>

#include "fake_mprotect.h"

int __real_mprotect(void *addr, size_t size, int prot);
int __wrap_mprotect(void *addr, size_t size, int prot);

int fake_mprotect_errno;

int __wrap_mprotect(void *addr, size_t size, int prot)
{
	if (fake_mprotect_errno) {
		errno = fake_mprotect_errno;
		return -1;
	}
	return __real_mprotect(addr, size, prot);
}
