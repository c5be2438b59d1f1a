// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Open MPI's own, which patches code, too (opal/mca/memory/patcher); it sets them
 * once a transport asks for it.
 */
#include <mpi.h>

#include "hooks.h"

/* Exported for its components, and in no header that is installed */
extern char opal_memory_base_framework[];
extern int mca_base_framework_open(void *framework, int flags);
typedef void release_fn(void *address, size_t length, void *arg,
			bool is_from_allocator);
extern int opal_mem_hooks_register_release(release_fn *fn, void *arg);

static void hear(void *address, size_t length, void *arg,
		 bool is_from_allocator)
{
	hooks_hear(address, length);
}

int hooks_set(void)
{
	int r = MPI_Init(NULL, NULL);

	if (!r)
		r = mca_base_framework_open(opal_memory_base_framework, 0);
	return r ?: opal_mem_hooks_register_release(hear, NULL);
}
