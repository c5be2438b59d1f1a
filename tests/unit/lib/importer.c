// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A shared object that calls getppid(), for redirect-import.c */
#include <unistd.h>

#include "importer.h"

__attribute__((visibility("default"))) int importer_call(void)
{
	return getppid();
}

__attribute__((visibility("default"))) int importer_own(void)
{
	return -1;
}
