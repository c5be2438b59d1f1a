// SPDX-License-Identifier: GPL-2.0
/*
 * Extents that change places, by ioctl(2): as in remove.c, the leases are broken
 * and the pins waited for before the file system takes a lock.
 */
#include "layout_lease.h"

#include <linux/file.h>
#include <linux/fs.h>
#include <linux/ioctl.h>
#include <linux/uaccess.h>

/* The files of an exchange, and the operation on them if they can have leases */
struct exchange {
	struct operation	op;
	struct file		*file[2];
	bool			begun;
};

static void exchange_put(struct exchange *x)
{
	if (x->file[0])
		fput(x->file[0]);
	if (x->file[1])
		fput(x->file[1]);
}

static long exchange_begin(struct exchange *x, struct inode *inode,
			   struct inode *inode2)
{
	long err = operation_begin_two(&x->op, inode, inode2);

	x->begun = !err;
	if (x->begun && (IS_DAX(inode) || (inode2 && IS_DAX(inode2))))
		invalidate_entries(&x->op);
	return err;
}

static void exchange_end(struct exchange *x)
{
	if (x->begun)
		operation_end(&x->op);
	exchange_put(x);
}

/*
 * EXT4_IOC_SWAP_BOOT exchanges the file's blocks with those of the boot loader's
 * inode; EXT4_IOC_MOVE_EXT with those of a donor, for which ext4 does not mind
 * DAX as it does for the file itself; pages stay in the cache.  A 32-bit program's call is passed on
 * inside of ext4, perhaps inlined.
 */
struct ext4_move {
	u32 reserved, donor_fd;
	u64 orig_start, donor_start, len, moved_len;
};
#define EXT4_IOC_MOVE_EXT	_IOWR('f', 15, struct ext4_move)
#define EXT4_IOC_SWAP_BOOT	_IO('f', 17)

static bool wants_ext4_ioctl(struct ftrace_regs *regs)
{
	struct file *file = ARG(regs, 0);
	unsigned int cmd = ftrace_regs_get_argument(regs, 1);

	return (file->f_mode & FMODE_WRITE) &&
	       (cmd == EXT4_IOC_MOVE_EXT ||
		(cmd == EXT4_IOC_SWAP_BOOT && fs_can_lease(file_inode(file))));
}

static long check_donor(unsigned long arg)
{
	struct ext4_move move;
	struct file *donor;
	long err = 0;

	if (copy_from_user(&move, (void __user *)arg, sizeof(move)))
		return -EFAULT;
	donor = fget(move.donor_fd);
	if (!donor)
		return 0;	/* for ext4 to say */
	if (fs_can_lease_dax(file_inode(donor)))
		err = -EOPNOTSUPP;
	fput(donor);
	return err;
}

static long ext4_begin(struct exchange *x, struct file *file, unsigned int cmd,
		       unsigned long arg)
{
	*x = (struct exchange){};
	if (cmd == EXT4_IOC_MOVE_EXT)
		return check_donor(arg);
	return exchange_begin(x, file_inode(file), NULL);
}

/* Extents change places.  32-bit programs pass the same for what is read here. */
enum { SWAPEXT = 109, EXCHANGE_RANGE = 129, COMMIT_RANGE = 131 };

static bool wants_xfs_ioctl(struct ftrace_regs *regs)
{
	unsigned int cmd = ftrace_regs_get_argument(regs, 1);

	return _IOC_TYPE(cmd) == 'X' && (_IOC_NR(cmd) == SWAPEXT ||
		_IOC_NR(cmd) == EXCHANGE_RANGE || _IOC_NR(cmd) == COMMIT_RANGE);
}

static long xfs_begin(struct exchange *x, struct file *file, unsigned int cmd,
		      unsigned long arg)
{
	s64 fds[3];	/* struct xfs_swapext, xfs_exchange_range */
	long err = 0;

	if (copy_from_user(fds, (void __user *)arg, sizeof(fds)))
		return -EFAULT;
	x->begun = false;
	if (_IOC_NR(cmd) == SWAPEXT) {
		x->file[0] = fget((int)fds[1]);
		x->file[1] = fget((int)fds[2]);
	} else {
		x->file[0] = fget((int)fds[0]);
		x->file[1] = get_file(file);
	}
	/*
	 * What is wrong with the files is up to xfs to say, which does not mind if
	 * only one of them has DAX.
	 */
	if (x->file[0] && x->file[1] &&
	    (x->file[0]->f_mode & x->file[1]->f_mode & FMODE_WRITE) &&
	    (fs_can_lease(file_inode(x->file[0])) ||
	     fs_can_lease(file_inode(x->file[1]))))
		err = exchange_begin(x, file_inode(x->file[0]),
				     file_inode(x->file[1]));
	if (err)
		exchange_put(x);
	return err;
}

/*
 * What takes pages or blocks out of a file of f2fs, or replaces them; of another
 * one, too, for MOVE_RANGE.  The argument of that begins with a descriptor.
 */
#define F2FS_IOC(nr)	(F2FS_IOCTL_MAGIC << 8 | (nr))
#define F2FS_IOCTL_MAGIC	0xf5

static bool wants_f2fs_ioctl(struct ftrace_regs *regs)
{
	struct file *file = ARG(regs, 0);
	unsigned int cmd = ftrace_regs_get_argument(regs, 1);

	if (!(file->f_mode & FMODE_WRITE) || !fs_can_lease(file_inode(file)))
		return false;
	switch (cmd & 0xffff) {
	case F2FS_IOC(1):	/* START_ATOMIC_WRITE */
	case F2FS_IOC(2):	/* COMMIT_ATOMIC_WRITE */
	case F2FS_IOC(3):	/* START_VOLATILE_WRITE */
	case F2FS_IOC(4):	/* RELEASE_VOLATILE_WRITE */
	case F2FS_IOC(5):	/* ABORT_ATOMIC_WRITE */
	case F2FS_IOC(9):	/* MOVE_RANGE */
	case F2FS_IOC(18):	/* RELEASE_COMPRESS_BLOCKS */
	case F2FS_IOC(20):	/* SEC_TRIM_FILE */
	case F2FS_IOC(23):	/* DECOMPRESS_FILE */
	case F2FS_IOC(24):	/* COMPRESS_FILE */
	case F2FS_IOC(25):	/* START_ATOMIC_REPLACE */
		return true;
	}
	return false;
}

static long f2fs_begin(struct exchange *x, struct file *file, unsigned int cmd,
		       unsigned long arg)
{
	u32 fd;
	long err;

	*x = (struct exchange){};
	if ((cmd & 0xffff) == F2FS_IOC(9)) {
		if (copy_from_user(&fd, (void __user *)arg, sizeof(fd)))
			return -EFAULT;
		x->file[0] = fget(fd);
	}
	err = exchange_begin(x, file_inode(file),
			     x->file[0] ? file_inode(x->file[0]) : NULL);
	if (err)
		exchange_put(x);
	return err;
}

/*
 * An atomic write that began before the lease and is not committed ends with the
 * last close for writing, and with that the page cache of the file, as if the
 * inode left memory.  It cannot be refused, only be late.
 */
static bool wants_drop_all(struct ftrace_regs *regs)
{
	struct address_space *mapping = ARG(regs, 0);

	return (lease_any() || pinned_any()) && mapping->host &&
	       fs_owner(mapping->host) == F2FS && fs_can_lease(mapping->host);
}

static void new_drop_all(struct address_space *mapping);
HOOK(drop_all, F2FS, "truncate_inode_pages_final", new_drop_all,
     wants_drop_all);

static noinline void new_drop_all(struct address_space *mapping)
{
	struct inode *inode = mapping->host;
	struct operation op;

	hook_enter();
	operation_begin(&op, inode, NULL, true);
	if (lease_is_there(inode) || pinned_page(mapping))
		operation_break(&op, inode, jiffies);
	ORIG(drop_all)(mapping);
	operation_end(&op);
	hook_leave();
}

/*
 * Data journalling on or off, under i_rwsem: 7.2 takes all pages out of the cache,
 * and what the kernel does with pages that change under it is another matter.
 */
static bool wants_journal_flag(struct ftrace_regs *regs)
{
	return fs_can_lease(ARG(regs, 0));
}

static int new_journal_flag(struct inode *inode, int value);
HOOK(journal_flag, EXT4, "ext4_change_inode_journal_flag", new_journal_flag,
     wants_journal_flag);

static noinline int new_journal_flag(struct inode *inode, int value)
{
	int ret = -ETXTBSY;

	hook_enter();
	if (!lease_is_there(inode) && !pinned_page(inode->i_mapping))
		ret = ORIG(journal_flag)(inode, value);
	hook_leave();
	return ret;
}

/* exchange_end() undoes what _begin() did, if that returned 0. */
#define IOCTL(_id, _owner, _symbol, _wants, _begin)			\
	static long new_##_id(struct file *file, unsigned int cmd,	\
			      unsigned long arg);			\
	HOOK(_id, _owner, _symbol, new_##_id, _wants);			\
	static noinline long new_##_id(struct file *file,		\
				       unsigned int cmd,		\
				       unsigned long arg)		\
	{								\
		struct exchange x;					\
		long ret;						\
									\
		hook_enter();						\
		ret = _begin(&x, file, cmd, arg);			\
		if (!ret) {						\
			ret = ORIG(_id)(file, cmd, arg);		\
			exchange_end(&x);				\
		}							\
		hook_leave();						\
		return ret;						\
	}
#define EXT4_IOCTL(_id, _symbol) \
	IOCTL(_id, EXT4, _symbol, wants_ext4_ioctl, ext4_begin)
#define XFS_IOCTL(_id, _symbol) \
	IOCTL(_id, XFS, _symbol, wants_xfs_ioctl, xfs_begin)
#define F2FS_IOCTL(_id, _symbol) \
	IOCTL(_id, F2FS, _symbol, wants_f2fs_ioctl, f2fs_begin)

EXT4_IOCTL(ext4_ioctl, "ext4_ioctl")
XFS_IOCTL(xfs_ioctl, "xfs_file_ioctl")
F2FS_IOCTL(f2fs_ioctl, "f2fs_ioctl")
#ifdef CONFIG_COMPAT
EXT4_IOCTL(ext4_compat, "ext4_compat_ioctl")
XFS_IOCTL(xfs_compat, "xfs_file_compat_ioctl")
F2FS_IOCTL(f2fs_compat, "f2fs_compat_ioctl")
#endif

struct hook *const exchange_hooks[] = {
	&hook_ext4_ioctl, &hook_xfs_ioctl, &hook_f2fs_ioctl, &hook_drop_all,
	&hook_journal_flag,
#ifdef CONFIG_COMPAT
	&hook_ext4_compat, &hook_xfs_compat, &hook_f2fs_compat,
#endif
	NULL
};

/* File systems with no ioctl of this kind are not in here. */
static const struct {
	const struct hook *ioctl, *compat;
} hooked[FILE_SYSTEMS] = {
#ifdef CONFIG_COMPAT
	[EXT4] = { &hook_ext4_ioctl, &hook_ext4_compat },
	[XFS] = { &hook_xfs_ioctl, &hook_xfs_compat },
	[F2FS] = { &hook_f2fs_ioctl, &hook_f2fs_compat },
#else
	[EXT4] = { &hook_ext4_ioctl },
	[XFS] = { &hook_xfs_ioctl },
	[F2FS] = { &hook_f2fs_ioctl },
#endif
};

/* Does the file system of inode call what is hooked? */
bool exchange_is_hooked(struct inode *inode)
{
	const struct file_operations *fop = inode->i_fop;
	unsigned int owner = fs_owner(inode);

	if (!hooked[owner].ioctl)
		return true;
#ifdef CONFIG_COMPAT
	if (!hook_is(hooked[owner].compat, fop->compat_ioctl))
		return false;
#endif
	return hook_is(hooked[owner].ioctl, fop->unlocked_ioctl);
}
