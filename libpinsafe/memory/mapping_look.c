// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which part of a range the kernel's EFAULT is about. */
#include <errno.h>

#include "memory/mapping.h"
#include "memory/vma.h"

static void record(struct cause *cause, enum cause_kind kind, uintptr_t start,
		   uintptr_t end, const char *what)
{
	cause_set(cause, kind, what);
	cause->start = start;
	cause->end = end;
}

/* CAUSE_UNKNOWN: nothing is wrong with it. */
static enum cause_kind fault_of(const struct vma *vma, bool is_written)
{
	if (!vma->readable && !vma->writable)
		return CAUSE_NO_ACCESS;
	return is_written && !vma->writable ? CAUSE_READ_ONLY : CAUSE_UNKNOWN;
}

void mapping_find_fault(uintptr_t addr, size_t length, bool is_written,
			struct cause *cause)
{
	uintptr_t end = addr + length;
	enum cause_kind kind = CAUSE_UNKNOWN;
	struct vma_reader reader;
	struct vma vma;
	int r;

	if (end < addr || vma_open(&reader))
		return;
	for (; addr < end && !kind; addr = vma.end) {
		r = vma_next(&reader, addr, &vma);
		if (r && r != ENOENT)
			break;
		if (r || vma.start > end)
			vma.start = end;
		if (vma.start > addr) {
			record(cause, CAUSE_NOT_MAPPED, addr, vma.start, "");
			break;
		}
		if (vma.end > end)
			vma.end = end;
		kind = fault_of(&vma, is_written);
		if (kind)
			record(cause, kind, addr, vma.end,
			       vma.path[0] ? vma.path : "anonymous memory");
	}
	vma_close(&reader);
}

/* Two looks at the same range: is it still the same? */

static bool is_alike(const struct mapping_part *a, const struct mapping_part *b)
{
	return a->kind == b->kind && a->writable == b->writable &&
	       a->file.dev == b->file.dev && a->file.ino == b->file.ino;
}

static bool continues(const struct mapping_part *a,
		      const struct mapping_part *b)
{
	return is_alike(a, b) && a->end == b->start &&
	       a->offset + (a->end - a->start) == b->offset;
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
		if (!is_alike(&part_a, &part_b) ||
		    part_a.start != part_b.start || part_a.end != part_b.end ||
		    part_a.offset != part_b.offset)
			return false;
	}
	return i == a->n_parts && j == b->n_parts;
}
