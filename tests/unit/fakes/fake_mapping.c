// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage mapping: memory as the test describes it */
#include <stdlib.h>
#include <string.h>

#include "../lib/record.h"
#include "fake_mapping.h"
#include "memory/mapping.h"

struct fake_mapping fake_mapping;

void fake_mapping_set(size_t n_parts, enum mapping_kind kind)
{
	size_t i;

	memset(&fake_mapping, 0, sizeof(fake_mapping));
	fake_mapping.n_parts = n_parts;
	for (i = 0; i < n_parts; i++)
		fake_mapping.parts[i] = (struct mapping_part){
			.kind = kind,
			.readable = true,
			.writable = true,
			.file = { .ino = i + 1, .path = "/data" },
			.fs_name = "fakefs",
		};
}

int mapping_classify(uintptr_t addr, size_t length, pid_t tid,
		     struct mapping *ret_mapping)
{
	size_t size = fake_mapping.n_parts * sizeof(struct mapping_part);
	int r = fault_now(&fake_mapping.classify);

	record("classify");
	if (r)
		return r;
	ret_mapping->n_parts = fake_mapping.n_parts;
	ret_mapping->parts = malloc(size + 1);
	memcpy(ret_mapping->parts, fake_mapping.parts, size);
	if (fake_mapping.classify.n_calls == fake_mapping.changes_at)
		ret_mapping->parts[0].offset++;
	if (fake_mapping.classify.n_calls == fake_mapping.vanishes_at)
		ret_mapping->n_parts = 0;
	return 0;
}

bool mapping_is_still_there(const struct mapping *before, uintptr_t addr,
			    size_t length)
{
	return false;
}

bool mapping_equal(const struct mapping *a, const struct mapping *b)
{
	return a->n_parts == b->n_parts &&
	       a->parts[0].offset == b->parts[0].offset;
}

void mapping_find_fault(uintptr_t addr, size_t length, bool is_written,
			struct cause *cause)
{
	if (fake_mapping.bad_part.kind)
		*cause = fake_mapping.bad_part;
}

bool mapping_has_private_dax(uintptr_t addr, size_t length, pid_t tid,
			     struct cause *cause)
{
	if (fake_mapping.private_dax.kind)
		*cause = fake_mapping.private_dax;
	return fake_mapping.private_dax.kind;
}

void mapping_put(struct mapping *mapping)
{
	free(mapping->parts);
	memset(mapping, 0, sizeof(*mapping));
}

const char *mapping_kind_name(enum mapping_kind kind)
{
	return "some";
}
