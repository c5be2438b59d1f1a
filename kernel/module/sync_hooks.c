// SPDX-License-Identifier: GPL-2.0
/*
 * Where the kernel writes a file back because somebody asked for it: what devices
 * write to is made dirty before.  And how a pin for writing gets past the rule that
 * there are none on file systems that want to know what is dirty (since 6.5).
 *
 * Each place was looked for among the callers in 6.1.192, 6.12.117 and 7.2.13 of
 * Debian, in the source and in the image; sync_test.c asks the kernel that runs.
 */
#include "layout_lease.h"

#include <linux/fs.h>
#include <linux/iomap.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/writeback.h>

static bool any_written(void)
{
	return atomic_read(&count_written_files);
}

/*
 * One file: fsync, msync, O_SYNC, direct I/O, reflink, FIEMAP_FLAG_SYNC and more.
 * Under i_rwsem for direct I/O, and under invalidate_lock for what redirty_file()
 * leaves out.  Page faults come inside of i_rwsem anyway (generic_perform_write()).
 */
#if SINCE(7, 0)
#define WRITE_SYMBOL	"filemap_writeback"
#else
#define WRITE_SYMBOL	"__filemap_fdatawrite_range"
#endif

/* What the self-test has had written back, frozen: NULL when it came by */
static const void *probed;

static void note_probe(const void *what)
{
	if (READ_ONCE(probed) == what)
		WRITE_ONCE(probed, NULL);
}

static bool wants_write(struct ftrace_regs *regs)
{
	if ((int)ftrace_regs_get_argument(regs, 3) != WB_SYNC_ALL)
		return false;
	note_probe(ARG(regs, 0));
	return any_written();
}

/* The last one is an argument of 7.2. */
static int new_write(struct address_space *mapping, loff_t start, loff_t end,
		     int mode, long *nr_to_write);
HOOK(write, WRITES, WRITE_SYMBOL, new_write, wants_write);

static noinline int new_write(struct address_space *mapping, loff_t start,
			      loff_t end, int mode, long *nr_to_write)
{
	int ret;

	hook_enter();
	redirty_file(mapping, start, end);
	ret = ORIG(write)(mapping, start, end, mode, nr_to_write);
	hook_leave();
	return ret;
}

/*
 * All files: sync, syncfs, remount; with s_umount held.  Freezing comes here when
 * it is too late, so it has a place of its own.
 */
static bool wants_sync(struct ftrace_regs *regs)
{
	const struct super_block *sb = ARG(regs, 0);

	if (sb->s_writers.frozen == SB_UNFROZEN)
		note_probe(sb);
	return any_written();
}

static void new_sync(struct super_block *sb);
HOOK(sync, WRITES, "sync_inodes_sb", new_sync, wants_sync);

static noinline void new_sync(struct super_block *sb)
{
	hook_enter();
	redirty_super(sb);
	ORIG(sync)(sb);
	hook_leave();
}

/*
 * FIFREEZE, snapshots, suspend.  With s_umount, which freeze_super() takes itself,
 * while its part has it already: there is no freeze by another one meanwhile.
 */
#define FREEZE_SYMBOL	"freeze_super"
#define FREEZE_PART	"freeze_super.part.0"

static bool wants_freeze(struct ftrace_regs *regs)
{
	note_probe(ARG(regs, 0));
	return any_written();
}

static int new_freeze(struct super_block *sb, unsigned long who,
		      const void *owner);
HOOK(freeze, WRITES, FREEZE_SYMBOL, new_freeze, wants_freeze);

static noinline int new_freeze(struct super_block *sb, unsigned long who,
			       const void *owner)
{
	bool owned = redirty_owns_umount(sb);
	int ret;

	hook_enter();
	if (!owned)
		down_read(&sb->s_umount);
	redirty_super(sb);
	if (!owned)
		up_read(&sb->s_umount);
	ret = ORIG(freeze)(sb, who, owner);
	hook_leave();
	return ret;
}

/*
 * A direct read that must not wait takes clean pages for what is on the disk.  It
 * is told to try again and wait, which writes them back.
 */
static bool wants_direct(struct ftrace_regs *regs)
{
	const struct kiocb *iocb = ARG(regs, 0);

	note_probe(iocb);
	return any_written() && (iocb->ki_flags & IOCB_NOWAIT);
}

static ssize_t new_direct(struct kiocb *iocb, struct iov_iter *iter,
			  const struct iomap_ops *ops,
			  const struct iomap_dio_ops *dops, unsigned int flags,
			  void *private, size_t done_before);
HOOK(direct, WRITES, "iomap_dio_rw", new_direct, wants_direct);

static noinline ssize_t new_direct(struct kiocb *iocb, struct iov_iter *iter,
				   const struct iomap_ops *ops,
				   const struct iomap_dio_ops *dops,
				   unsigned int flags, void *private,
				   size_t done_before)
{
	ssize_t ret = -EAGAIN;

	hook_enter();
	if (CONTROL || !redirty_is_written(iocb->ki_filp->f_mapping))
		ret = ORIG(direct)(iocb, iter, ops, dops, flags, private,
				   done_before);
	hook_leave();
	return ret;
}

/* Who is pinning for writing just now */
struct pinning {
	struct list_head	list;
	struct task_struct	*task;
};

static LIST_HEAD(pinning);
static DEFINE_SPINLOCK(pinning_lock);

static bool is_pinning(void)
{
	struct pinning *p;
	bool is = false;

	spin_lock(&pinning_lock);
	list_for_each_entry(p, &pinning, list)
		is |= p->task == current;
	spin_unlock(&pinning_lock);
	return is;
}

long sync_pin(unsigned long addr, unsigned long n, unsigned int flags,
	      struct page **pages)
{
	struct pinning me = { .task = current };
	long ret;

	spin_lock(&pinning_lock);
	list_add(&me.list, &pinning);
	spin_unlock(&pinning_lock);
	ret = pin_user_pages(addr, n, flags, pages NO_VMAS);
	spin_lock(&pinning_lock);
	list_del(&me.list);
	spin_unlock(&pinning_lock);
	return ret;
}

#if SINCE(6, 5)
static bool wants_tracking(struct ftrace_regs *regs)
{
	return !list_empty_careful(&pinning);
}

static bool new_tracking(struct vm_area_struct *vma);
HOOK(tracking, WRITES, "vma_needs_dirty_tracking", new_tracking, wants_tracking);

static noinline bool new_tracking(struct vm_area_struct *vma)
{
	bool ret;

	hook_enter();
	ret = !is_pinning() && ORIG(tracking)(vma);
	hook_leave();
	return ret;
}
#endif

/* What writes a file back, in the file of the first hook: it may be inlined there. */
typedef int kiocb_fn(struct kiocb *iocb, size_t count);
LOOKUP(kiocb_invalidate, WRITES, "kiocb_invalidate_pages", kiocb_fn, NULL, NULL);
#if SINCE(6, 6)
LOOKUP(kiocb_write, WRITES, "kiocb_write_and_wait", kiocb_fn, NULL, NULL);
#endif

struct hook *const sync_hooks[] = {
	&hook_write, &hook_sync, &hook_freeze, &hook_direct,
	&hook_kiocb_invalidate,
#if SINCE(6, 5)
	&hook_tracking,
#endif
#if SINCE(6, 6)
	&hook_kiocb_write,
#endif
	NULL
};

/* Before the symbols are looked for */
void sync_hooks_init(void)
{
	/* gcc may split it; then all who freeze pass the part. */
	hook_freeze.symbol = symbols_lookup(FREEZE_PART) ? FREEZE_PART :
							   FREEZE_SYMBOL;
}

static int by_kiocb(struct file *file, kiocb_fn *fn)
{
	struct kiocb iocb;

	init_sync_kiocb(&iocb, file);
	return fn(&iocb, PAGE_SIZE);
}

/*
 * Each function of mm/filemap.c by which others come to the first hook; the other
 * hooks are of functions that are called from elsewhere.  With a file that has a
 * page: the name of one that gets past it, or NULL.
 */
#define PROBE(name, what, call)						\
	do {								\
		WRITE_ONCE(probed, what);				\
		call;							\
		if (xchg(&probed, NULL))				\
			return name;					\
	} while (0)

const char *sync_probe(struct file *file)
{
	struct address_space *mapping = file->f_mapping;
	struct kvec vec = {};
	struct kiocb iocb;
	struct iov_iter iter;

	PROBE("filemap_fdatawrite", mapping, filemap_fdatawrite(mapping));
	PROBE("filemap_fdatawrite_range", mapping,
	      filemap_fdatawrite_range(mapping, 0, LLONG_MAX));
	PROBE("filemap_write_and_wait_range", mapping,
	      filemap_write_and_wait_range(mapping, 0, LLONG_MAX));
	PROBE("file_write_and_wait_range", mapping,
	      file_write_and_wait_range(file, 0, LLONG_MAX));
#if SINCE(6, 6)
	PROBE("kiocb_write_and_wait", mapping,
	      by_kiocb(file, ORIG(kiocb_write)));
#endif
	PROBE("kiocb_invalidate_pages", mapping,
	      by_kiocb(file, ORIG(kiocb_invalidate)));
	init_sync_kiocb(&iocb, file);
	iov_iter_kvec(&iter, ITER_DEST, &vec, 0, 0);
	PROBE("iomap_dio_rw", &iocb,
	      iomap_dio_rw(&iocb, &iter, NULL, NULL, 0, NULL, 0));
	return NULL;
}

static void sync_locked(struct super_block *sb)
{
	down_read(&sb->s_umount);
	sync_filesystem(sb);
	up_read(&sb->s_umount);
}

/* It syncs, too, but frozen, which is not what the other hook is asked for. */
static void freeze_and_thaw(struct super_block *sb)
{
	if (!freeze_super(FREEZE_ARGS(sb)))
		thaw_super(FREEZE_ARGS(sb));
}

/* With a file system of our own */
const char *sync_probe_super(struct super_block *sb)
{
	PROBE("sync_inodes_sb", sb, sync_locked(sb));
	PROBE("freeze_super", sb, freeze_and_thaw(sb));
	return NULL;
}

/* With a mapping of a file in memory, that may be written to: 0 or an error */
int sync_probe_pin(unsigned long addr)
{
	struct page *page;
	long ret;

#if SINCE(6, 5)
	WRITE_ONCE(hook_tracking.seen, false);
#endif
	mmap_read_lock(current->mm);
	ret = sync_pin(addr, 1, FOLL_WRITE | FOLL_LONGTERM, &page);
	mmap_read_unlock(current->mm);
	if (ret != 1)
		return ret ?: -EFAULT;
	unpin_user_page(page);
#if SINCE(6, 5)
	return READ_ONCE(hook_tracking.seen) ? 0 : -EIO;
#else
	return 0;
#endif
}
