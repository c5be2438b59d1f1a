// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Which mappings are worth to have their description kept, as they are made.
 *
 * mmap(2) is called early and often, by allocators too, and with their locks
 * held.  So nothing here allocates memory or takes a lock, but for shared
 * mappings of files that can be written and leased.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/fork.h"
#include "base/lock.h"
#include "base/sys.h"
#include "keeper.h"
#include "lease.h"
#include "memory/backing.h"
#include "memory/fs.h"
#include "memory/vma.h"
#include "policy/config.h"
#include "preload/private.h"
#include "watch.h"

struct keep_args {
	uintptr_t start, end;
	int fd;
	struct stat st;		/* of what the program has mapped */
	bool is_found;		/* nobody saw the mapping made */
};

static int keep_on_keeper(void *arg)
{
	const struct keep_args *args = arg;
	int fd = keeper_take();

	if (args->is_found && !lease_ordinary_is_sole(fd)) {
		(void)sys_close(fd);
		return ENOENT;
	}
	/* Another thread may have closed it meanwhile, and opened another file. */
	return watch_keep(args->start, args->end, fd, args->st.st_dev,
		    args->st.st_ino);
}

static int refuse_on_keeper(void *arg)
{
	const struct keep_args *args = arg;

	watch_note_refused(args->st.st_dev, args->st.st_ino);
	return 0;
}

/*
 * A file of which an ordinary lease may be wanted later.  Those that are open
 * for reading only can be opened again for a lease.
 */
static bool is_worth_keeping(int fd, struct stat *ret_st)
{
	int flags = sys_fcntl(fd, F_GETFL, 0);
	struct statfs sfs;

	if (flags < 0 || (flags & O_PATH) || (flags & O_ACCMODE) != O_RDWR ||
	    sys_fstat(fd, ret_st) || !S_ISREG(ret_st->st_mode) ||
	    sys_fstatfs(fd, &sfs))
		return false;
	if (sfs.f_type == TMPFS_MAGIC && !config_may_guard_shmem())
		return false;
	/* Pages of those with DAX are pinned under a layout lease only. */
	return !fs_is_dax(fd) && lease_ordinary_works_on(sfs.f_type) &&
	       (config_may_want_lease() || !lease_layout_works_on(sfs.f_type));
}

static int keep_if_worth(struct keep_args *args)
{
	int r;

	if (!watch_is_enabled() || !is_worth_keeping(args->fd, &args->st))
		return 0;
	fork_check();
	SECTION(section);
	r = keeper_call_with(args->fd, keep_on_keeper, args, NULL);
	/* Also where there was no number for it in the first place */
	if (r == EMFILE || r == ENFILE)
		(void)keeper_call(refuse_on_keeper, args);
	return r;
}

PINSAFE_EXPORT void pinsafe_private_mapped(void *addr, size_t length, int fd)
{
	struct keep_args args = {
		.start = (uintptr_t)addr,
		.end = own_page_end((uintptr_t)addr + length),
		.fd = fd,
	};
	int r, saved_errno = errno;

	r = keep_if_worth(&args);
	if (r)
		watch_tell_unwatched(addr, r);
	errno = saved_errno;
}

/*
 * What was mapped before the program opened its first device.  Until then nobody
 * watches: no thread, no descriptor and no system call of ours is in the way of
 * a program that may never use RDMA.
 *
 * Nobody can tell of which description a mapping is.  So a descriptor is kept
 * for one only if its file has no other description: to keep what is not mapped
 * would keep the locks of flock(2) that the program gives back by closing it.
 */

struct file_mapping {
	dev_t dev;
	ino_t ino;
	uintptr_t start, end;
};

struct found {
	struct file_mapping *mappings;
	size_t n;
};

static bool add(struct found *found, const struct vma *vma)
{
	struct file_mapping *more;

	more = reallocarray(found->mappings, found->n + 1, sizeof(*more));
	if (!more)
		return false;
	found->mappings = more;
	more[found->n++] = (struct file_mapping){
		.dev = vma->dev,
		.ino = vma->ino,
		.start = vma->start,
		.end = vma->end,
	};
	return true;
}

static void find_shared(struct found *found)
{
	struct vma_reader reader;
	struct vma vma;
	uintptr_t addr = 0;

	if (vma_open(&reader))
		return;
	while (!vma_next(&reader, addr, &vma)) {
		addr = vma.end;
		if (vma.shared && vma.ino && !add(found, &vma))
			break;
	}
	vma_close(&reader);
}

static int by_file(const void *a, const void *b)
{
	const struct file_mapping *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	return (x->ino > y->ino) - (x->ino < y->ino);
}

static bool keep(int number, void *arg)
{
	struct keep_args args = { .fd = number, .is_found = true };
	const struct found *found = arg;
	const struct file_mapping *end = found->mappings + found->n, *m;
	struct file_mapping file;
	struct stat st;

	if (sys_fstat(number, &st))
		return false;
	file = (struct file_mapping){ .dev = st.st_dev, .ino = st.st_ino };
	m = bsearch(&file, found->mappings, found->n, sizeof(file), by_file);
	while (m && m > found->mappings && !by_file(m - 1, &file))
		m--;
	for (; m && m < end && !by_file(m, &file); m++) {
		args.start = m->start;
		args.end = m->end;
		(void)keep_if_worth(&args);
	}
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
