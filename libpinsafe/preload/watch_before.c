// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What was mapped before the program opened its first device.  Until then nobody
 * watches: no thread, no descriptor and no system call of ours is in the way of
 * a program that may never use RDMA.
 *
 * Nobody can tell of which description a mapping is.  So a descriptor is kept
 * for one only if its file has no other description: to keep what is not mapped
 * would keep the locks of flock(2) that the program gives back by closing it.
 */
#include <stdlib.h>

#include "base/sys.h"
#include "memory/backing.h"
#include "memory/vma.h"
#include "preload/private.h"

struct file_mapping {
	dev_t dev;
	ino_t ino;
	uintptr_t start, end;
};

struct found {
	struct file_mapping *mappings;
	size_t n, room;
};

static bool add(struct found *found, const struct vma *vma)
{
	size_t room = found->room ? 2 * found->room : 32;
	struct file_mapping *more;

	if (found->n == found->room) {
		more = reallocarray(found->mappings, room, sizeof(*more));
		if (!more)
			return false;
		found->mappings = more;
		found->room = room;
	}
	found->mappings[found->n++] = (struct file_mapping){
		.dev = vma->dev,
		.ino = vma->ino,
		.start = vma->start,
		.end = vma->end,
	};
	return true;
}

static void find_shared(struct found *found)
{
	struct vma *vma = malloc(sizeof(*vma));
	struct vma_reader reader;
	uintptr_t addr = 0;

	if (vma && !vma_open(&reader)) {
		while (!vma_next(&reader, addr, vma)) {
			addr = vma->end;
			if (vma->shared && vma->ino && !add(found, vma))
				break;
		}
		vma_close(&reader);
	}
	free(vma);
}

static int by_file(const void *a, const void *b)
{
	const struct file_mapping *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return 0;
}

static bool keep(int number, void *arg)
{
	const struct found *found = arg;
	const struct file_mapping *end = found->mappings + found->n, *m;
	struct file_mapping file;
	struct stat st;

	if (sys_fstat(number, &st))
		return false;
	file.dev = st.st_dev;
	file.ino = st.st_ino;
	m = bsearch(&file, found->mappings, found->n, sizeof(file), by_file);
	while (m && m > found->mappings && !by_file(m - 1, &file))
		m--;
	for (; m && m < end && !by_file(m, &file); m++)
		watch_found(m->start, m->end, number);
	return false;
}

void watch_look_back(void)
{
	struct found found = { 0 };

	find_shared(&found);
	if (found.n) {
		qsort(found.mappings, found.n, sizeof(*found.mappings),
		      by_file);
		(void)backing_for_each_descriptor(sys_gettid(), keep, &found);
	}
	free(found.mappings);
}
