// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: the next definition of a name, by the tables of the
 * objects that are loaded.
 */
#include <link.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/loaded.h"
#include "preload/preload_next.h"

struct search {
	const char *name;
	bool is_behind; /* the preload object was seen */
	void *ret_found;
};

static int look_at(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *search = arg;

	if (!search->is_behind) {
		search->is_behind =
			loaded_contains(info, PT_LOAD,
					(uintptr_t)preload_find_next);
		return 0;
	}
	search->ret_found = loaded_export(info, search->name);
	return search->ret_found != NULL;
}

void *preload_find_next(const char *name)
{
	struct search search = { .name = name };

	dl_iterate_phdr(look_at, &search);
	return search.ret_found;
}
