// SPDX-License-Identifier: GPL-2.0
/*
 * What takes blocks of a file away, or shares them: each breaks the leases and
 * waits for the pins before the file system takes a lock, then does what it
 * always did.
 */
#include "layout_lease.h"

#include <linux/falloc.h>
#include <linux/fs.h>

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
	&hook_notify_change,
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
