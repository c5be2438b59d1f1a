// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Two looks at the same range: is it still the same? */
#include "memory/mapping.h"

static bool part_equal(const struct mapping_part *a,
		       const struct mapping_part *b)
{
	return a->kind == b->kind && a->start == b->start && a->end == b->end &&
	       a->offset == b->offset && a->writable == b->writable &&
	       a->file.dev == b->file.dev && a->file.ino == b->file.ino;
}

static bool continues(const struct mapping_part *a,
		      const struct mapping_part *b)
{
	return a->kind == b->kind && a->end == b->start &&
	       a->offset + (a->end - a->start) == b->offset &&
	       a->writable == b->writable && a->file.dev == b->file.dev &&
	       a->file.ino == b->file.ino;
}

/* As one, parts that mlock(2) or madvise(2) may have split or joined */
static struct mapping_part next_part(const struct mapping *mapping, size_t *i)
{
	struct mapping_part part = mapping->parts[(*i)++];

	while (*i < mapping->n_parts && continues(&part, &mapping->parts[*i]))
		part.end = mapping->parts[(*i)++].end;
	return part;
}

bool mapping_equal(const struct mapping *a, const struct mapping *b)
{
	struct mapping_part part_a, part_b;
	size_t i = 0, j = 0;

	while (i < a->n_parts && j < b->n_parts) {
		part_a = next_part(a, &i);
		part_b = next_part(b, &j);
		if (!part_equal(&part_a, &part_b))
			return false;
	}
	return i == a->n_parts && j == b->n_parts;
}
