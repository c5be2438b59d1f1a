// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Space before DMA: populate the pages with madvise(2), which reports as an
 * error what a store would report as SIGBUS.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/stat.h>

#include "base/sys.h"
#include "memory/prefault.h"

int prefault(const struct mapping_part *part, size_t page_size, bool for_write,
	     unsigned int n_threads, const struct populate_watch *watch)
{
	const struct populate_range range = {
		.start = part->start & ~(page_size - 1),
		.end = (part->end + page_size - 1) & ~(page_size - 1),
		.advice = for_write ? MADV_POPULATE_WRITE : MADV_POPULATE_READ,
		.n_threads = n_threads,
	};
	int r = populate(&range, watch);

	/* EINVAL: the mapping is not what it was when it was classified. */
	return r == EINVAL ? EFAULT : r;
}

/* What check_extents() does not put up with */
enum { NEVER_WRITTEN = 1, SHARED = 2 };

/* 0, or what check_extents() returns; *@pos moves to its end */
static int check_extent(const struct fiemap_extent *extent, int faults,
			uint64_t *pos)
{
	if (extent->fe_logical > *pos)
		return ENXIO;
	if ((faults & NEVER_WRITTEN) &&
	    extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
		return ENXIO;
	if ((faults & SHARED) && extent->fe_flags & FIEMAP_EXTENT_SHARED)
		return EOPNOTSUPP;
	*pos = extent->fe_logical + extent->fe_length;
	return 0;
}

/*
 * ENXIO at the first place from *@pos to @end without blocks, or with blocks
 * that have one of @faults; *@pos is that place.
 *
 * Not with lseek(2), which would move the position of a descriptor that the
 * program uses, too, and calls unwritten blocks data once a page was read.
 */
static int check_extents(int fd, uint64_t *pos, uint64_t end, int faults)
{
	union {
		struct fiemap map;
		char space[sizeof(struct fiemap) +
			   64 * sizeof(struct fiemap_extent)];
	} buf;
	unsigned int i;
	int r;

	while (*pos < end) {
		memset(&buf, 0, sizeof(buf));
		buf.map.fm_start = *pos;
		buf.map.fm_length = end - *pos;
		buf.map.fm_extent_count = 64;
		if (sys_ioctl(fd, FS_IOC_FIEMAP, &buf.map))
			return errno;
		if (!buf.map.fm_mapped_extents)
			return ENXIO;
		for (i = 0; i < buf.map.fm_mapped_extents && *pos < end; i++) {
			r = check_extent(&buf.map.fm_extents[i], faults, pos);
			if (r)
				return r;
		}
	}
	return 0;
}

static uint64_t end_of(const struct mapping_part *part)
{
	return part->offset + (part->end - part->start);
}

static uint64_t end_within(const struct mapping_part *part, off_t size)
{
	return end_of(part) < (uint64_t)size ? end_of(part) : (uint64_t)size;
}

int prefault_why(const struct mapping_part *part, int fd, size_t page_size)
{
	uint64_t pos = part->offset, len = page_size;
	struct stat st;
	int r;

	if (sys_fstat(fd, &st))
		return EFAULT;
	/* The last page of a file may be registered as a whole. */
	if (end_of(part) > ((st.st_size + page_size - 1) & ~(page_size - 1)))
		return ENXIO;
	r = check_extents(fd, &pos, end_within(part, st.st_size), 0);
	if (!r)
		return EFAULT;
	if (r == ENXIO)
		pos &= ~((uint64_t)page_size - 1);
	else /* tmpfs does not tell where its holes are */
		len = end_of(part) - pos;
	return SYS_CALL(fallocate, fd, FALLOC_FL_KEEP_SIZE, pos, len) ? errno :
									EAGAIN;
}

int prefault_check_blocks(const struct mapping_part *part, int fd)
{
	uint64_t pos = part->offset;
	struct stat st;

	if (sys_fstat(fd, &st))
		return errno;
	return check_extents(fd, &pos, end_within(part, st.st_size),
			     NEVER_WRITTEN | SHARED);
}
