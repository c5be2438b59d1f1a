// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The mappings of this process, by ioctl PROCMAP_QUERY where the kernel has it
 * (Linux 6.11, fs/proc/task_mmu.c), else by reading /proc/PID/maps.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/sys.h"
#include "memory/vma.h"

/* From include/uapi/linux/fs.h, which older headers do not have yet */
struct procmap_query {
	uint64_t size;
	uint64_t query_flags;
	uint64_t query_addr;
	uint64_t vma_start;
	uint64_t vma_end;
	uint64_t vma_flags;
	uint64_t vma_page_size;
	uint64_t vma_offset;
	uint64_t inode;
	uint32_t dev_major;
	uint32_t dev_minor;
	uint32_t vma_name_size;
	uint32_t build_id_size;
	uint64_t vma_name_addr;
	uint64_t build_id_addr;
};

#define PROCMAP_QUERY_IOCTL _IOWR('f', 17, struct procmap_query)
#define QUERY_VMA_READABLE 0x01
#define QUERY_VMA_WRITABLE 0x02
#define QUERY_VMA_SHARED 0x08
#define QUERY_COVERING_OR_NEXT_VMA 0x10

/* Is there no such ioctl in this kernel? */
static atomic_bool is_text;

bool vma_is_text(void)
{
	return is_text;
}

int vma_open(struct vma_reader *reader)
{
	int r;

	/* /proc/self is the main thread, which has none when it has ended. */
	r = sys_lines_open(&reader->lines, "/proc/thread-self/maps");
	reader->fd = r || vma_is_text() ? -1 : reader->lines.fd;
	reader->has_answered = false;
	return r;
}

static int vma_query(int fd, uintptr_t addr, struct vma *ret_vma)
{
	struct procmap_query answer = {
		.size = sizeof(answer),
		.query_flags = QUERY_COVERING_OR_NEXT_VMA,
		.query_addr = addr,
		.vma_name_size = sizeof(ret_vma->path),
		.vma_name_addr = (uintptr_t)ret_vma->path,
	};
	bool is_long = false;
	int r = sys_ioctl(fd, PROCMAP_QUERY_IOCTL, &answer);

	/* It has no answer at all if the path does not fit: ask without. */
	if (r && errno == ENAMETOOLONG) {
		is_long = true;
		answer.vma_name_size = 0;
		answer.vma_name_addr = 0;
		r = sys_ioctl(fd, PROCMAP_QUERY_IOCTL, &answer);
	}
	if (r)
		return errno;
	ret_vma->start = answer.vma_start;
	ret_vma->end = answer.vma_end;
	ret_vma->offset = answer.vma_offset;
	ret_vma->dev = makedev(answer.dev_major, answer.dev_minor);
	ret_vma->ino = answer.inode;
	ret_vma->readable = answer.vma_flags & QUERY_VMA_READABLE;
	ret_vma->writable = answer.vma_flags & QUERY_VMA_WRITABLE;
	ret_vma->shared = answer.vma_flags & QUERY_VMA_SHARED;
	if (!answer.vma_name_size)
		strcpy(ret_vma->path, is_long ? VMA_LONG_PATH : "");
	return 0;
}

int vma_parse(const char *line, struct vma *ret_vma)
{
	unsigned int major, minor;
	uint64_t start, end, offset, ino;
	int path_at = 0;
	const char *path;
	char prot[5];
	size_t n;

	if (sscanf(line,
		   "%" SCNx64 "-%" SCNx64 " %4s %" SCNx64 " %x:%x %" SCNu64
		   " %n",
		   &start, &end, prot, &offset, &major, &minor, &ino,
		   &path_at) < 7 ||
	    strlen(prot) != 4 || start >= end || !path_at)
		return EINVAL;
	path = line + path_at;
	n = strcspn(path, "\n");
	if (n >= sizeof(ret_vma->path)) {
		path = VMA_LONG_PATH;
		n = strlen(path);
	}

	ret_vma->start = start;
	ret_vma->end = end;
	ret_vma->offset = offset;
	ret_vma->dev = makedev(major, minor);
	ret_vma->ino = ino;
	ret_vma->readable = prot[0] == 'r';
	ret_vma->writable = prot[1] == 'w';
	ret_vma->shared = prot[3] == 's';
	memcpy(ret_vma->path, path, n);
	ret_vma->path[n] = '\0';
	return 0;
}

/* Most lines are of no interest, and what they say takes long to read. */
static bool ends_before(const char *line, uintptr_t addr)
{
	const char *dash = strchr(line, '-');

	return dash && strtoull(dash + 1, NULL, 16) <= addr;
}

int vma_next(struct vma_reader *reader, uintptr_t addr, struct vma *ret_vma)
{
	const char *line;
	int r;

	if (reader->fd >= 0) {
		r = vma_query(reader->fd, addr, ret_vma);
		reader->has_answered |= !r || r == ENOENT;
		if (reader->has_answered)
			return r;
		/* Linux before 6.11, or a sandbox: as text, then */
		reader->fd = -1;
		if (r == ENOTTY)
			is_text = true;
	}
	do {
		line = sys_lines_next(&reader->lines);
		if (!line)
			return errno ? errno : ENOENT;
	} while (ends_before(line, addr));
	return vma_parse(line, ret_vma);
}

void vma_close(struct vma_reader *reader)
{
	sys_lines_close(&reader->lines);
}

/*
 * What can be known of mappings without /proc, in a chroot for instance.
 *
 * mremap(2) with an old size of 0 makes a second mapping of the same pages, if
 * the mapping is shared.  Of a private one that makes no sense, so the kernel
 * refuses it with EINVAL, and says so in its log, once since it was booted
 * (mm/mremap.c).  EFAULT: nothing is mapped there.
 */
bool vma_probe_is_shared(uintptr_t start, uintptr_t end)
{
	size_t page_size = sysconf(_SC_PAGESIZE);
	uintptr_t page;
	long alias;

	for (page = start & ~(page_size - 1); page < end; page += page_size) {
		alias = SYS_CALL(mremap, page, 0, page_size, MREMAP_MAYMOVE);
		if (alias == -1 && (errno == EINVAL || errno == EFAULT))
			continue;
		/* If it stays, it is one page more of what is mapped here. */
		if (alias != -1)
			(void)SYS_CALL(munmap, alias, page_size);
		return true;
	}
	return false;
}
