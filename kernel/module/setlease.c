// SPDX-License-Identifier: GPL-2.0
/* F_SETLEASE of F_LAYOUT and F_LAYOUT_WRITE, F_GETLEASE: kernel/README.md is the contract. */
#include "layout_lease.h"

#include <linux/capability.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#define DIRECT_IO_TIME	HZ	/* for what is under way, before EAGAIN */

/* One F_SETLEASE at a time: what is on the description, and fs.c's asker */
static DEFINE_MUTEX(lease_mutex);

/*
 * Looked at with the lease in place: an operation that takes or shares blocks
 * has either begun, and is seen here, or breaks the lease.
 */
static int may_keep(struct inode *inode)
{
	smp_mb();	/* pairs with operation_begin() */
	if (operation_breaks(inode))
		return -EAGAIN;
	if (IS_DAX(inode) && fs_may_share_blocks(inode))
		return -EOPNOTSUPP;
	return 0;
}

static int set_locked(unsigned int fd, struct file *file, int type)
{
	struct inode *inode = file_inode(file);
	enum lease_kind kind;
	int err;

	if (lease_of(file, &kind, fd) == type)
		return 0;
	if (kind != LEASE_NONE || lease_is_foreign(inode) ||
	    operation_breaks(inode))
		return -EAGAIN;
	err = lease_add(fd, file, type);
	if (err)
		return err;
	err = may_keep(inode);
	if (err)
		lease_remove(file);
	return err;
}

/* Pages that are being written, or read past the cache; not for ever */
static int wait_direct_io(struct inode *inode)
{
	unsigned long end = jiffies + DIRECT_IO_TIME;

	while (atomic_read(&inode->i_dio_count)) {
		if (time_after(jiffies, end))
			return -EAGAIN;
		schedule_timeout_killable(1);
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/* As vfs_setlease() asks later on; nobody else may hold up users of the file. */
static bool may_ask(struct file *file)
{
	return owns_file(file) || capable(CAP_LEASE);
}

/*
 * Blocks may be on their way out of the file right now; and a direct write that
 * began without a lease would leave the cache behind what is on the disk.
 */
static int lock_against_removal(struct inode *inode)
{
	if (IS_DAX(inode))
		return inode_trylock_shared(inode) ? 0 : -EAGAIN;
	if (down_write_killable(&inode->i_rwsem))
		return -EINTR;
	if (!wait_direct_io(inode))
		return 0;
	inode_unlock(inode);
	return -EAGAIN;
}

static void unlock_against_removal(struct inode *inode)
{
	if (IS_DAX(inode))
		inode_unlock_shared(inode);
	else
		inode_unlock(inode);
}

int setlease(unsigned int fd, struct file *file, int type)
{
	struct inode *inode = file_inode(file);
	int err;

	if (!S_ISREG(inode->i_mode) || !*leases_enable)
		return -EINVAL;
	if (!fs_can_lease(inode) || !fs_keeps_cache(inode) ||
	    !remove_is_hooked(inode) ||
	    (type == F_LAYOUT_WRITE && !sync_keeps(inode)))
		return -EOPNOTSUPP;
	if (hooks_dead()) {
		hooks_watch();		/* it says so */
		return -EOPNOTSUPP;
	}
	if (!may_ask(file))
		return -EACCES;
	if (operation_breaks(inode))
		return -EAGAIN;
	err = lock_against_removal(inode);
	if (err)
		return err;
	mutex_lock(&lease_mutex);
	err = set_locked(fd, file, type);
	mutex_unlock(&lease_mutex);
	unlock_against_removal(inode);
	if (!err)
		hooks_watch();
	return err;
}

static int new_setlease(unsigned int fd, struct file *file, long arg);
HOOK(fcntl_setlease, CORE, "fcntl_setlease", new_setlease, NULL);

static noinline int new_setlease(unsigned int fd, struct file *file, long arg)
{
	enum lease_kind kind;
	int ret;

	hook_enter();
	lease_of(file, &kind, -1);
	if ((int)arg == F_LAYOUT || (int)arg == F_LAYOUT_WRITE)
		ret = setlease(fd, file, arg);
	else if (kind == LEASE_LAYOUT && (int)arg != F_UNLCK)
		ret = -EAGAIN;	/* It does not turn into another one. */
	else if (kind == LEASE_LAYOUT)
		ret = lease_remove(file);
	else
		ret = ORIG(fcntl_setlease)(fd, file, arg);
	hook_leave();
	return ret;
}

static int new_getlease(struct file *file);
HOOK(fcntl_getlease, CORE, "fcntl_getlease", new_getlease, NULL);

static noinline int new_getlease(struct file *file)
{
	enum lease_kind kind;
	int ret;

	hook_enter();
	ret = lease_of(file, &kind, -1);
	if (kind != LEASE_LAYOUT)
		ret = ORIG(fcntl_getlease)(file);
	hook_leave();
	return ret;
}

void setlease_probe(struct file *file)
{
	ORIG(fcntl_setlease)(0, file, F_RDLCK);	/* EAGAIN: it is open for writing */
	ORIG(fcntl_getlease)(file);
}

struct hook *const setlease_hooks[] = {
	&hook_fcntl_setlease, &hook_fcntl_getlease, NULL
};
