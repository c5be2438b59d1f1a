// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* An object that has a function of libc's name, too */
#include <sys/mman.h>

__attribute__((visibility("default"))) int munlockall(void)
{
	return 7;
}
