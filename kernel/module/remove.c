// SPDX-License-Identifier: GPL-2.0
/*
 * What takes blocks of a file away, or shares them: each breaks the leases and
 * waits for the pins before the file system takes a lock, then does what it
 * always did.
 */
#include "layout_lease.h"

#include <linux/falloc.h>
#include <linux/fs.h>
#include <linux/pagemap.h>

/*
 * truncate(2), open(O_TRUNC) and the like, by do_truncate() and its relatives,
 * with i_rwsem held and nothing done yet (fs/attr.c).
 */
static bool wants_notify_change(struct ftrace_regs *regs)
{
	struct dentry *dentry = ARG(regs, 1);
	struct iattr *attr = ARG(regs, 2);

	return (attr->ia_valid & ATTR_SIZE) && fs_can_lease(d_inode(dentry));
}

static int new_notify_change(void *idmap, struct dentry *dentry,
			     struct iattr *attr, void *delegated);
HOOK(notify_change, CORE, "notify_change", new_notify_change,
     wants_notify_change);

/*
 * Whether it shrinks the file is only known under i_rwsem, and may change when
 * that is dropped to wait.
 */
static int break_if_smaller(struct operation *op, struct inode *inode,
			    loff_t size)
{
	unsigned long start = jiffies;
	int err;

	while (size < i_size_read(inode)) {
		err = operation_break_nowait(op, inode);
		if (err && err != -EWOULDBLOCK)
			return err;
		if (!err && !pinned_page(inode->i_mapping))
			break;
		inode_unlock(inode);
		err = operation_break(op, inode, start);
		inode_lock(inode);
		if (err)
			return err;
	}
	/* Blocks beyond EOF cannot be mapped, let alone be busy. */
	op->breaks = size < i_size_read(inode);
	return 0;
}

static noinline int new_notify_change(void *idmap, struct dentry *dentry,
				      struct iattr *attr, void *delegated)
{
	struct inode *inode = d_inode(dentry);
	struct operation op;
	int ret;

	hook_enter();
	operation_begin(&op, inode, NULL, true);
	ret = break_if_smaller(&op, inode, attr->ia_size);
	if (!ret)
		ret = ORIG(notify_change)(idmap, dentry, attr, delegated);
	operation_end(&op);
	hook_leave();
	return ret;
}

/*
 * Of CORE, but called by the file systems: is a page of the file busy?  With a
 * page cache nothing is, to them, and they would wait in another way.
 */
#if SINCE(6, 15)
static bool wants_busy(struct ftrace_regs *regs)
{
	struct inode *inode = ARG(regs, 0);

	return dax_mapping(inode->i_mapping);
}

static int new_busy(struct inode *inode, loff_t start, loff_t end,
		    void *callback);
HOOK(busy, CORE, BUSY_SYMBOL, new_busy, wants_busy);

static noinline int new_busy(struct inode *inode, loff_t start, loff_t end,
			     void *callback)
{
	int ret = 0;

	hook_enter();
	/* Who takes no block that can be mapped needs no idle pages. */
	if (!CONTROL && !operation_keeps_blocks(inode))
		ret = ORIG(busy)(inode, start, end, callback);
	hook_leave();
	return ret;
}

static void call_busy(struct inode *inode)
{
	ORIG(busy)(inode, 0, LLONG_MAX, NULL);
}
#else
static bool wants_busy(struct ftrace_regs *regs)
{
	return dax_mapping(ARG(regs, 0));
}

static struct page *new_busy(struct address_space *mapping);
HOOK(busy, CORE, BUSY_SYMBOL, new_busy, wants_busy);

static noinline struct page *new_busy(struct address_space *mapping)
{
	struct page *page = NULL;

	hook_enter();
	/* Who takes no block that can be mapped needs no idle pages. */
	if (!operation_keeps_blocks(mapping->host)) {
		page = ORIG(busy)(mapping);
		/* It does not look at a file that is not mapped. */
		if (!page)
			page = pinned_page(mapping);
		if (CONTROL && page && folio_maybe_dma_pinned(page_folio(page)))
			page = NULL;
	}
	hook_leave();
	return page;
}

static void call_busy(struct inode *inode)
{
	ORIG(busy)(inode->i_mapping);
}
#endif

static bool wants_invalidate(struct ftrace_regs *regs)
{
	struct address_space *mapping = ARG(regs, 0);

	return mapping->host &&
	       (dax_mapping(mapping) || pinned_any() ||
		lease_may_be_there(mapping->host)) &&
	       fs_can_lease(mapping->host);
}

static int new_invalidate(struct address_space *mapping, pgoff_t first,
			  pgoff_t last);
HOOK(invalidate, CORE, "invalidate_inode_pages2_range", new_invalidate,
     wants_invalidate);

/*
 * write(2) drops the entries of blocks that it has just allocated, since there
 * may be the zero page (dax_iomap_iter() of fs/dax.c).  If a page fault was
 * faster it is the block's, and may be pinned: it would be out of sight then.
 */
static int drop_idle(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	pgoff_t busy = first;
	int ret = 0;

	while (first <= last && busy_page_from(mapping, &busy, last)) {
		if (busy > first)
			ret = ORIG(invalidate)(mapping, first, busy - 1) ?: ret;
		first = ++busy;
	}
	if (first <= last)
		ret = ORIG(invalidate)(mapping, first, last) ?: ret;
	return ret;
}

static int invalidate_dax(struct address_space *mapping, pgoff_t first,
			  pgoff_t last)
{
	struct operation op;
	int ret;

	operation_begin_invalidate(&op, mapping->host);
	if (!CONTROL && pinned_is(mapping))
		ret = drop_idle(mapping, first, last);
	else
		ret = ORIG(invalidate)(mapping, first, last);
	operation_end(&op);
	return ret;
}

/*
 * A direct write takes pages out of the cache, be they in use or not.  Told that
 * it cannot, it goes through the cache instead; all of the file while there is a
 * lease or a pin, or a page could be pinned while what is below it is written.
 * So no direct write is under way when the first pin is made, whose end has to
 * drop what was read meanwhile: the caller holds i_rwsem, or is counted as direct
 * I/O, see lock_against_removal().  What breaks leases has waited for the pins.
 */
static int invalidate_cached(struct address_space *mapping, pgoff_t first,
			     pgoff_t last)
{
	struct inode *inode = mapping->host;

	if (!operation_is_own(inode) &&
	    (lease_is_there(inode) || (!CONTROL && pinned_is(mapping))))
		return -EBUSY;
	return ORIG(invalidate)(mapping, first, last);
}

static noinline int new_invalidate(struct address_space *mapping, pgoff_t first,
				   pgoff_t last)
{
	int ret;

	hook_enter();
	if (dax_mapping(mapping))
		ret = invalidate_dax(mapping, first, last);
	else
		ret = invalidate_cached(mapping, first, last);
	hook_leave();
	return ret;
}

/* Any inode without DAX and with less than NOWHERE pages: nothing is done */
#define NOWHERE	(1UL << 20)

bool remove_probe(struct inode *inode)
{
	ORIG(invalidate)(inode->i_mapping, NOWHERE, NOWHERE);
	WRITE_ONCE(hook_busy.seen, false);
	call_busy(inode);
	return READ_ONCE(hook_busy.seen);
}

/* It drops the entries since 6.15, so under the locks that it wants for that. */
static void remove_entries_of(struct inode *inode)
{
	inode_lock(inode);
	filemap_write_and_wait(inode->i_mapping);
	filemap_invalidate_lock(inode->i_mapping);
	call_busy(inode);
	filemap_invalidate_unlock(inode->i_mapping);
	inode_unlock(inode);
}

/*
 * Before extents change places: 7.2 expects of a file system that drops pages of
 * DAX that it has called this first, and warns.  ext4 and xfs do not here.
 */
void remove_entries(struct operation *op)
{
	remove_entries_of(op->inode[0]);
	if (op->inode[1] && op->inode[1] != op->inode[0])
		remove_entries_of(op->inode[1]);
}

/* fallocate(2), and MADV_REMOVE */

static bool wants_file(struct ftrace_regs *regs)
{
	struct file *file = ARG(regs, 0);

	return fs_can_lease(file_inode(file));
}

#define KEEPS(inode) \
	(FALLOC_FL_KEEP_SIZE | (IS_DAX(inode) ? 0 : FALLOC_FL_UNSHARE_RANGE))

static long begin_fallocate(struct operation *op, struct file *file, int mode)
{
	bool breaks = mode & ~KEEPS(file_inode(file));
	long err = 0;

	operation_begin(op, file_inode(file), NULL, breaks);
	if (breaks)
		err = operation_break(op, file_inode(file), jiffies);
	if (err)
		operation_end(op);
	return err;
}

#define FALLOCATE(_id, _owner, _symbol)					\
	static long new_##_id(struct file *file, int mode,		\
			      loff_t offset, loff_t len);		\
	HOOK(_id, _owner, _symbol, new_##_id, wants_file);		\
	static noinline long new_##_id(struct file *file, int mode,	\
				       loff_t offset, loff_t len)	\
	{								\
		struct operation op;					\
		long ret;						\
									\
		hook_enter();						\
		ret = begin_fallocate(&op, file, mode);			\
		if (!ret) {						\
			ret = ORIG(_id)(file, mode, offset, len);	\
			operation_end(&op);				\
		}							\
		hook_leave();						\
		return ret;						\
	}

FALLOCATE(ext4_fallocate, EXT4, "ext4_fallocate")
FALLOCATE(xfs_fallocate, XFS, "xfs_file_fallocate")
FALLOCATE(btrfs_fallocate, BTRFS, "btrfs_fallocate")
FALLOCATE(f2fs_fallocate, F2FS, "f2fs_fallocate")
FALLOCATE(shmem_fallocate, TMPFS, "shmem_fallocate")
FALLOCATE(hugetlbfs_fallocate, HUGETLBFS, "hugetlbfs_fallocate")

/* FICLONE, FIDEDUPERANGE, and copy_file_range(2) where it shares blocks */
static bool wants_remap(struct ftrace_regs *regs)
{
	struct file *in = ARG(regs, 0), *out = ARG(regs, 2);

	return fs_can_lease(file_inode(in)) || fs_can_lease(file_inode(out));
}

/*
 * With DAX both files' blocks are written to in another way afterwards.  With a
 * page cache it is the pages of the file that is written to that go, and copying
 * can do without sharing: it copies if it is told that it cannot share.
 */
static loff_t begin_remap(struct operation *op, struct inode *in,
			  struct inode *out, unsigned int flags)
{
	bool is_copy = flags == REMAP_FILE_CAN_SHORTEN;

	if (IS_DAX(in) || IS_DAX(out))
		return operation_begin_two(op, in, out);
	/* It is written back later, under locks that page faults want. */
	redirty_file(in->i_mapping, 0, LLONG_MAX);
	if (is_copy && (lease_is_there(out) || pinned_page(out->i_mapping)))
		return -EOPNOTSUPP;
	return operation_begin_two(op, out, NULL);
}

#define REMAP(_id, _owner, _symbol)					\
	static loff_t new_##_id(struct file *in, loff_t in_pos,	\
				struct file *out, loff_t out_pos,	\
				loff_t len, unsigned int flags);	\
	HOOK(_id, _owner, _symbol, new_##_id, wants_remap);		\
	static noinline loff_t new_##_id(struct file *in, loff_t in_pos, \
					 struct file *out,		\
					 loff_t out_pos, loff_t len,	\
					 unsigned int flags)		\
	{								\
		struct operation op;					\
		loff_t ret;						\
									\
		hook_enter();						\
		ret = begin_remap(&op, file_inode(in), file_inode(out),	\
				  flags);				\
		if (!ret) {						\
			ret = ORIG(_id)(in, in_pos, out, out_pos, len,	\
					flags);				\
			operation_end(&op);				\
		}							\
		hook_leave();						\
		/* Its caller passes that on as the status of this file. */ \
		if (ret == -ERESTARTSYS && (flags & REMAP_FILE_DEDUP))	\
			ret = -EINTR;					\
		return ret;						\
	}

REMAP(xfs_remap, XFS, "xfs_file_remap_range")
REMAP(btrfs_remap, BTRFS, "btrfs_remap_file_range")

struct hook *const remove_hooks[] = {
	&hook_notify_change, &hook_busy, &hook_invalidate,
	&hook_ext4_fallocate, &hook_xfs_fallocate, &hook_btrfs_fallocate,
	&hook_f2fs_fallocate, &hook_shmem_fallocate, &hook_hugetlbfs_fallocate,
	&hook_xfs_remap, &hook_btrfs_remap, NULL
};

static const struct {
	const struct hook *fallocate, *remap;
} hooked[FILE_SYSTEMS] = {
	[EXT4] = { &hook_ext4_fallocate },
	[XFS] = { &hook_xfs_fallocate, &hook_xfs_remap },
	[BTRFS] = { &hook_btrfs_fallocate, &hook_btrfs_remap },
	[F2FS] = { &hook_f2fs_fallocate },
	[TMPFS] = { &hook_shmem_fallocate },
	[HUGETLBFS] = { &hook_hugetlbfs_fallocate },
};

/*
 * A file system calls these by its file_operations.  If they have another
 * function, there would be no break.
 */
bool remove_is_hooked(struct inode *inode)
{
	const struct file_operations *fop = inode->i_fop;
	unsigned int owner = fs_owner(inode);

	if (selftest_is(inode))
		return true;
	if (!exchange_is_hooked(inode) ||
	    !hook_is(hooked[owner].fallocate, fop->fallocate))
		return false;
	return hooked[owner].remap ?
	       hook_is(hooked[owner].remap, fop->remap_file_range) :
	       !fop->remap_file_range;
}
