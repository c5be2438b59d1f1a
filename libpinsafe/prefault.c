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
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "prefault.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif

/* So that a break does not wait for the prefault of a terabyte */
#define CHUNK_SIZE (256ul << 20)

static int populate(uintptr_t start, uintptr_t end, int advice)
{
	while (madvise((void *)start, end - start, advice))
		if (errno != EINTR)
			return errno;
	return 0;
}

int prefault(const struct mapping_part *part, size_t page_size,
	     bool (*must_stop)(void *arg), void *arg)
{
	int advice = part->writable ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
	uintptr_t start = part->start & ~(page_size - 1);
	uintptr_t end = (part->end + page_size - 1) & ~(page_size - 1);
	uintptr_t next;
	int r;

	for (; start < end; start = next) {
		if (must_stop(arg))
			return EAGAIN;
		next = end - start > CHUNK_SIZE ? start + CHUNK_SIZE : end;
		r = populate(start, next, advice);
		/* The mapping is not what it was when it was classified. */
		if (r == EINVAL)
			return EFAULT;
		if (r)
			return r;
	}
	return 0;
}

/*
 * First place of the part, up to @size, that the file has no block for; -1 if
 * there is none.  The kernel reports the end of the file as a hole, too.
 */
static off_t first_hole(int fd, const struct mapping_part *part, off_t size)
{
	off_t end = part->offset + (part->end - part->start);
	off_t hole = lseek(fd, part->offset, SEEK_HOLE);

	return hole >= 0 && hole < end && hole < size ? hole : -1;
}

int prefault_why(const struct mapping_part *part, size_t page_size)
{
	struct stat st;
	off_t hole;
	int fd, r;

	r = backing_open(&part->file, O_RDWR | O_NONBLOCK, &fd);
	if (r)
		return EFAULT;
	r = EFAULT;
	if (fstat(fd, &st))
		goto out_close;
	/* The last page of a file may be registered as a whole. */
	if (part->offset + (part->end - part->start) >
	    ((st.st_size + page_size - 1) & ~(page_size - 1))) {
		r = ENXIO;
		goto out_close;
	}
	hole = first_hole(fd, part, st.st_size);
	if (hole < 0)
		goto out_close;
	hole &= ~((off_t)page_size - 1);
	r = fallocate(fd, FALLOC_FL_KEEP_SIZE, hole, page_size) ? errno :
								  EAGAIN;
out_close:
	close(fd);
	return r;
}

/* 0, or what prefault_check_blocks() returns; *@pos moves to its end */
static int check_extent(const struct fiemap_extent *extent, uint64_t *pos)
{
	if (extent->fe_logical > *pos ||
	    extent->fe_flags & FIEMAP_EXTENT_UNWRITTEN)
		return ENXIO;
	if (extent->fe_flags & FIEMAP_EXTENT_SHARED)
		return EOPNOTSUPP;
	*pos = extent->fe_logical + extent->fe_length;
	return 0;
}

/* lseek(2) would call unwritten blocks data once a page has been read. */
static int check_extents(int fd, uint64_t pos, uint64_t end)
{
	union {
		struct fiemap map;
		char space[sizeof(struct fiemap) +
			   64 * sizeof(struct fiemap_extent)];
	} buf;
	unsigned int i;
	int r;

	while (pos < end) {
		memset(&buf, 0, sizeof(buf));
		buf.map.fm_start = pos;
		buf.map.fm_length = end - pos;
		buf.map.fm_extent_count = 64;
		if (ioctl(fd, FS_IOC_FIEMAP, &buf.map))
			return errno;
		if (!buf.map.fm_mapped_extents)
			return ENXIO;
		for (i = 0; i < buf.map.fm_mapped_extents && pos < end; i++) {
			r = check_extent(&buf.map.fm_extents[i], &pos);
			if (r)
				return r;
		}
	}
	return 0;
}

int prefault_check_blocks(const struct mapping_part *part)
{
	uint64_t end = part->offset + (part->end - part->start);
	struct stat st;
	int fd, r;

	r = backing_open(&part->file, O_RDONLY | O_NONBLOCK, &fd);
	if (r)
		return r;
	if (fstat(fd, &st))
		r = errno;
	else
		r = check_extents(fd, part->offset,
				  end < st.st_size ? end : st.st_size);
	close(fd);
	return r;
}
