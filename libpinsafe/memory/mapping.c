// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Classify: which files are under a range of addresses, and of which kind.
 * Knows nothing of leases and verbs.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include "base/sys.h"
#include "memory/fs.h"
#include "memory/mapping.h"
#include "memory/vma.h"
#include "policy/config.h"

#define UNKNOWN_FS "an unknown file system"

/* Not even by who mounts them anew: they have no way to write. */
static bool is_for_reading_only(unsigned long magic)
{
	return magic == SQUASHFS_MAGIC || magic == EROFS_SUPER_MAGIC_V1 ||
	       magic == ISOFS_SUPER_MAGIC || magic == CRAMFS_MAGIC;
}

static bool must_guard_shmem(const struct vma *vma)
{
	return config_may_guard_shmem() && config_policy(vma->path).guard_shmem;
}

/*
 * Files of some file systems are mapped under another device number than
 * stat(2) gives them, so they are not found.  At least name the file system.
 */
static bool is_on_stacked_fs(const struct vma *vma, struct mapping_part *part)
{
	struct statfs sfs = { 0 };
	int fd = sys_open(vma->path, O_PATH | O_CLOEXEC | O_NOFOLLOW, 0);

	if (fd < 0)
		return false;
	(void)sys_fstatfs(fd, &sfs);
	(void)sys_close(fd);
	if (sfs.f_type != OVERLAYFS_SUPER_MAGIC &&
	    sfs.f_type != BTRFS_SUPER_MAGIC)
		return false;
	part->kind = MAPPING_PAGE_CACHE;
	part->fs_magic = sfs.f_type;
	part->fs_name = fs_name(sfs.f_type, UNKNOWN_FS);
	return true;
}

/*
 * Fills in kind, the file system and error; returns whether the file needs a
 * guard.
 */
static bool look_at_file(const struct vma *vma, struct mapping_part *part)
{
	struct statx stx;
	struct statfs sfs;
	int fd, r;

	part->kind = MAPPING_UNKNOWN;
	part->fs_name = UNKNOWN_FS;
	if (fs_is_no_file(vma->dev, vma->path)) {
		part->error = ENOENT;
		return is_on_stacked_fs(vma, part);
	}
	r = backing_open(&part->file, O_PATH, &fd);
	if (r) {
		part->error = r;
		part->failed = "open(2) or statx(2)";
		if (is_on_stacked_fs(vma, part) ||
		    (!fs_is_unnamed_memory(vma->dev, vma->path) &&
		     !memory_fs_has(vma->dev, vma->start)))
			return true;
		part->kind = MAPPING_SHMEM;
		return must_guard_shmem(vma);
	}

	if (sys_statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &stx))
		part->failed = "statx(2)";
	else if (sys_fstatfs(fd, &sfs))
		part->failed = "fstatfs(2)";
	part->error = part->failed ? errno : 0;
	(void)sys_close(fd);
	if (part->error)
		return true;

	if (!S_ISREG(stx.stx_mode) || is_for_reading_only(sfs.f_type))
		return false;
	part->fs_magic = sfs.f_type;
	part->fs_name = fs_name(sfs.f_type, UNKNOWN_FS);
	part->file.dev = makedev(stx.stx_dev_major, stx.stx_dev_minor);
	part->file.has_page_cache = !(stx.stx_attributes & STATX_ATTR_DAX);
	if (fs_is_memory(sfs.f_type)) {
		part->kind = MAPPING_SHMEM;
		return must_guard_shmem(vma);
	}
	part->kind = part->file.has_page_cache ? MAPPING_PAGE_CACHE
					       : MAPPING_FSDAX;
	return true;
}

static struct mapping_part part_of(const struct vma *vma, uintptr_t start,
				   uintptr_t end)
{
	return (struct mapping_part){
		.start = start,
		.end = end,
		.offset = vma->offset + (start - vma->start),
		.readable = vma->readable,
		.writable = vma->writable,
		.file = { .dev = vma->dev,
			  .map_dev = vma->dev,
			  .ino = vma->ino,
			  .start = vma->start,
			  .end = vma->end,
			  .is_read_only = !vma->writable },
	};
}

static int add_part(struct mapping *mapping, const struct mapping_part *part)
{
	struct mapping_part *parts;

	parts = reallocarray(mapping->parts, mapping->n_parts + 1,
			     sizeof(*parts));
	if (!parts)
		return ENOMEM;
	mapping->parts = parts;
	parts[mapping->n_parts++] = *part;
	return 0;
}

/* What is made of the pieces of a range that are shared mappings of files */
struct walk {
	int (*fn)(struct walk *walk, const struct vma *vma,
		  struct mapping_part *part);
	struct mapping mapping;
	pid_t tid;
	const struct mapping *before;
	struct cause *cause; /* not NULL: of the private ones, instead */
};

static int add_classified(struct walk *walk, const struct vma *vma,
			  struct mapping_part *part)
{
	int r;

	part->file.tid = walk->tid;
	part->file.path = vma->path;
	if (!look_at_file(vma, part))
		return 0;
	/* The caller may know a thread with descriptors to spare. */
	if (part->error == EMFILE || part->error == ENFILE)
		return part->error;
	part->file.path = strdup(vma->path);
	if (!part->file.path)
		return ENOMEM;
	r = add_part(&walk->mapping, part);
	if (r)
		free((char *)part->file.path);
	return r;
}

static int walk_pieces(struct walk *walk, struct vma_reader *reader,
		       uintptr_t addr, uintptr_t end)
{
	struct mapping_part part;
	struct vma vma;
	int r = 0;

	while (addr < end && !r) {
		r = vma_next(reader, addr, &vma);
		if (r || vma.start >= end)
			break;
		if (vma.start > addr)
			addr = vma.start;
		if (vma.shared == !walk->cause && vma.ino) {
			part = part_of(&vma, addr,
				       vma.end < end ? vma.end : end);
			r = walk->fn(walk, &vma, &part);
		}
		addr = vma.end;
	}
	return r == ENOENT ? 0 : r;
}

static int walk_range(struct walk *walk, uintptr_t addr, size_t length)
{
	uintptr_t end = addr + length;
	struct vma_reader reader;
	int r;

	/* The kernel has an errno of its own for a range that wraps. */
	if (end < addr)
		end = addr;
	r = vma_open(&reader);
	/*
	 * No /proc, or a sandbox that keeps it away: but is it memory of a file at
	 * all?  Where only descriptors are short the caller has others.
	 */
	if (r && r != EMFILE && r != ENFILE &&
	    (walk->cause || !vma_probe_is_shared(addr, end)))
		return 0;
	if (r)
		return r;
	r = walk_pieces(walk, &reader, addr, end);
	vma_close(&reader);
	if (r)
		mapping_put(&walk->mapping);
	return r;
}

int mapping_classify(uintptr_t addr, size_t length, pid_t tid,
		     struct mapping *ret_mapping)
{
	struct walk walk = { .fn = add_classified, .tid = tid };
	int r = walk_range(&walk, addr, length);

	if (!r)
		*ret_mapping = walk.mapping;
	return r;
}

/* ESTALE: this file was not there before. */
static int add_known(struct walk *walk, const struct vma *vma,
		     struct mapping_part *part)
{
	const struct mapping *before = walk->before;
	size_t i;

	for (i = 0; i < before->n_parts; i++) {
		const struct backing *file = &before->parts[i].file;

		/* Where they differ a device is that of many files. */
		if (file->dev == file->map_dev &&
		    file->map_dev == part->file.map_dev &&
		    file->ino == part->file.ino) {
			part->kind = before->parts[i].kind;
			return add_part(&walk->mapping, part);
		}
	}
	return ESTALE;
}

/* EEXIST: it is one. */
static int find_dax(struct walk *walk, const struct vma *vma,
		    struct mapping_part *part)
{
	part->file.tid = walk->tid;
	part->file.path = vma->path;
	if (!look_at_file(vma, part) || part->kind != MAPPING_FSDAX)
		return 0;
	cause_set(walk->cause, CAUSE_PRIVATE_DAX, vma->path);
	walk->cause->start = vma->start;
	walk->cause->end = vma->end;
	return EEXIST;
}

bool mapping_has_private_dax(uintptr_t addr, size_t length, pid_t tid,
			     struct cause *cause)
{
	struct walk walk = { .fn = find_dax, .tid = tid, .cause = cause };

	return walk_range(&walk, addr, length) == EEXIST;
}

bool mapping_is_still_there(const struct mapping *before, uintptr_t addr,
			    size_t length)
{
	struct walk walk = { .fn = add_known, .before = before };
	bool is_equal;

	if (walk_range(&walk, addr, length))
		return false;
	is_equal = mapping_equal(before, &walk.mapping);
	mapping_put(&walk.mapping);
	return is_equal;
}

void mapping_put(struct mapping *mapping)
{
	size_t i;

	for (i = 0; i < mapping->n_parts; i++)
		free((char *)mapping->parts[i].file.path);
	free(mapping->parts);
	memset(mapping, 0, sizeof(*mapping));
}

const char *mapping_kind_name(enum mapping_kind kind)
{
	static const char *const names[] = {
		[MAPPING_FSDAX] = "FS-DAX",
		[MAPPING_PAGE_CACHE] = "page-cache",
		[MAPPING_SHMEM] = "shared-memory",
		[MAPPING_UNKNOWN] = "unknown",
	};

	return names[kind];
}
