// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What is left of a memory region after its file was truncated. */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "base/lock.h"
#include "guard.h"
#include "memory/mapping.h"

/* How much of the part its file has, in bytes; opened so that no lease breaks */
static int covered(const struct mapping_part *part, size_t *ret_covered)
{
	size_t length = part->end - part->start;
	struct stat st;
	int fd, r;

	r = backing_open(&part->file, O_PATH, &fd);
	if (r)
		return r;
	r = fstat(fd, &st) ? errno : 0;
	close(fd);
	if (r)
		return r;
	if ((uint64_t)st.st_size < part->offset + length)
		length = (uint64_t)st.st_size > part->offset
				 ? st.st_size - part->offset
				 : 0;
	*ret_covered = length;
	return 0;
}

/* @mapping is in the order of addresses. */
static int cut(const struct mapping *mapping, uintptr_t addr, size_t *length)
{
	const struct mapping_part *part;
	size_t i, n;
	int r;

	for (i = 0; i < mapping->n_parts; i++) {
		part = &mapping->parts[i];
		r = covered(part, &n);
		if (r)
			return r;
		if (n == part->end - part->start)
			continue;
		*length = part->start + n - addr;
		break;
	}
	return *length ? 0 : EFAULT;
}

int restore_cut(void *addr, size_t *length)
{
	struct mapping mapping;
	SECTION(section);
	int r;

	r = guard_classify(addr, *length, &mapping);
	if (!r) {
		r = cut(&mapping, (uintptr_t)addr, length);
		mapping_put(&mapping);
	}
	return r;
}
