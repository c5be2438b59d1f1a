// SPDX-License-Identifier: GPL-2.0
/*
 * fcntl(fd, F_SETLEASE, F_LAYOUT): kernel/README.md is the contract.  The lease
 * is an FL_LAYOUT lease, as nfsd has them for pNFS, set by vfs_setlease(), which
 * checks who may.  Each holds a reference to the module.
 */
#include "layout_lease.h"

#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#define DIRECT_IO_TIME	HZ	/* for what is under way, before EAGAIN */

int *leases_enable, *lease_break_time;
atomic_t count_leases, count_breaks, count_timeouts;

/* One F_SETLEASE at a time: what is on the description, and fs.c's asker */
static DEFINE_MUTEX(lease_mutex);

static bool is_breaking(lease_t *fl)
{
	return lc(fl, flags) & FL_UNLOCK_PENDING;
}

/* The next one to add or break a lease removes it (fs/locks.c). */
static bool timed_out(lease_t *fl)
{
	return is_breaking(fl) && fl->fl_break_time &&
	       time_after(jiffies, fl->fl_break_time);
}

static bool lm_break(lease_t *fl)
{
	atomic_inc(&count_breaks);
	kill_fasync(&fl->fl_fasync, SIGIO, POLL_MSG);
	return false;
}

static void lm_setup(lease_t *fl, void **priv)
{
	/* The self-test's is nobody's: SIGIO would end insmod. */
	if (!selftest_is(file_inode(lc(fl, file))))
		__f_setown(lc(fl, file), task_tgid(current), PIDTYPE_TGID, 0);
}

static void lease_gone(void)
{
	atomic_dec(&count_leases);
	module_put(THIS_MODULE);
}

static int lm_change(lease_t *fl, int arg, struct list_head *dispose)
{
	int ret;

	if (arg != F_UNLCK)
		return -EAGAIN;
	ret = lease_modify(fl, arg, dispose);
	lease_gone();
	return ret;
}

/*
 * Whom the lease does not concern: all but our operations, at the time when they
 * say so.  xfs breaks layouts in write(2), for the sake of pNFS.
 */
static bool lm_breaker_owns_lease(lease_t *fl)
{
	return !operation_is_breaking(file_inode(lc(fl, file)));
}

static int __maybe_unused lm_open_conflict(struct file *file, int arg)
{
	return 0;
}

static const lease_ops_t layout_ops = {
#if SINCE(6, 19)
	.lm_open_conflict = lm_open_conflict,
#endif
	.lm_break = lm_break,
	.lm_setup = lm_setup,
	.lm_change = lm_change,
	.lm_breaker_owns_lease = lm_breaker_owns_lease,
};

bool lease_is_layout(lease_t *fl)
{
	return fl->fl_lmops == &layout_ops;
}

bool lease_any(void)
{
	return CONTROL || atomic_read(&count_leases);
}

/* Of this process, be it broken or not */
bool lease_is_of_current(struct inode *inode)
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	bool is = false;
	lease_t *fl;

	if (!ctx)
		return false;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_lease, lc_list)
		is |= lease_is_layout(fl) && lc(fl, pid) == current->tgid;
	spin_unlock(&ctx->flc_lock);
	return is;
}

bool lease_is_there(struct inode *inode)
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	bool is = false;
	lease_t *fl;

	if (!ctx)
		return false;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_lease, lc_list)
		is |= lease_is_layout(fl);
	spin_unlock(&ctx->flc_lock);
	return is;
}

bool lease_held(struct inode *inode)
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	bool held = false;
	lease_t *fl;

	if (CONTROL)
		return true;
	if (!ctx)
		return false;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_lease, lc_list) {
		if (!lease_is_layout(fl) || lc(fl, pid) != current->tgid)
			continue;
		held = !is_breaking(fl);
		if (!held)
			break;
	}
	spin_unlock(&ctx->flc_lock);
	return held;
}

/*
 * The lease of this open file description as F_GETLEASE has it: F_UNLCK if there
 * is none or it is being broken; *ret_kind says which.  With an fd, as of
 * F_SETLEASE, that is the descriptor of the signal from now on.
 */
int lease_of(struct file *file, enum lease_kind *ret_kind, int fd)
{
	struct file_lock_context *ctx = locks_inode_context(file_inode(file));
	int type = F_UNLCK;
	bool is_layout;
	lease_t *fl;

	*ret_kind = LEASE_NONE;
	if (!ctx)
		return F_UNLCK;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_lease, lc_list) {
		if (lc(fl, file) != file || timed_out(fl))
			continue;
		is_layout = lease_is_layout(fl);
		*ret_kind = is_layout ? LEASE_LAYOUT : LEASE_ORDINARY;
		if (is_breaking(fl))
			break;
		type = is_layout ? F_LAYOUT : lc(fl, type);
		if (is_layout && fd >= 0 && fl->fl_fasync)
			WRITE_ONCE(fl->fl_fasync->fa_fd, fd);
		break;
	}
	spin_unlock(&ctx->flc_lock);
	return type;
}

static lease_t *new_lease(unsigned int fd, struct file *file)
{
	lease_t *fl;
	int err = file_f_owner_allocate(file);

	if (err)
		return ERR_PTR(err);
	fl = lease_alloc();
	if (!fl)
		return ERR_PTR(-ENOMEM);
	lc(fl, flags) = FL_LAYOUT;
	lc(fl, type) = F_RDLCK;		/* shared */
	lc(fl, owner) = file;
	lc(fl, pid) = current->tgid;
	lc(fl, file) = file;
	fl->fl_lmops = &layout_ops;
	err = fasync_helper(fd, file, 1, &fl->fl_fasync);
	if (err >= 0)
		return fl;
	lease_free(fl);
	return ERR_PTR(err);
}

/*
 * Since 6.19 a file system has to say that it has leases, and hugetlbfs does not:
 * EINVAL, when all else has been checked.
 */
static int set_type(struct file *file, int type, lease_t **fl, void **priv)
{
	int err = vfs_setlease(file, type, fl, priv);

	if (SINCE(6, 19) && err == -EINVAL && !file->f_op->setlease)
		err = generic_setlease(file, type, fl, priv);
	return err;
}

static int remove_lease(struct file *file)
{
	return set_type(file, F_UNLCK, NULL, (void **)&file);
}

/* Not for modules */
typedef struct fasync_struct *fasync_alloc_fn(void);
typedef void fasync_free_fn(struct fasync_struct *new);
LOOKUP(fasync_alloc, CORE, "fasync_alloc", fasync_alloc_fn, NULL, NULL);
LOOKUP(fasync_free, CORE, "fasync_free", fasync_free_fn, NULL, NULL);

static int add_lease(unsigned int fd, struct file *file)
{
	lease_t *fl = new_lease(fd, file);
	struct fasync_struct *for_other;
	int err;

	if (IS_ERR(fl))
		return PTR_ERR(fl);
	/* If another thread sets an ordinary lease right now, it is set up again. */
	for_other = ORIG(fasync_alloc)();
	if (!for_other) {
		err = -ENOMEM;
		goto undo_fasync;
	}
	for_other->fa_fd = fd;
	if (!try_module_get(THIS_MODULE)) {
		err = -EOPNOTSUPP;	/* is being unloaded */
		goto undo_for_other;
	}
	atomic_inc(&count_leases);
	err = set_type(file, F_RDLCK, &fl, (void **)&for_other);
	if (fl) {
		lease_gone();
		err = err ?: -EAGAIN;
	}
undo_for_other:
	if (for_other)
		ORIG(fasync_free)(for_other);
	if (!fl)
		return 0;
undo_fasync:
	fasync_helper(0, file, 0, &fl->fl_fasync);
	lease_free(fl);
	return err;
}

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

static int set_locked(unsigned int fd, struct file *file)
{
	struct inode *inode = file_inode(file);
	enum lease_kind kind;
	int err;

	if (lease_of(file, &kind, fd) == F_LAYOUT)
		return 0;
	if (kind != LEASE_NONE)
		return -EAGAIN;
	err = add_lease(fd, file);
	if (err)
		return err;
	err = may_keep(inode);
	if (err)
		remove_lease(file);
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

int lease_set(unsigned int fd, struct file *file)
{
	struct inode *inode = file_inode(file);
	int err;

	if (!S_ISREG(inode->i_mode) || !*leases_enable)
		return -EINVAL;
	if (!fs_can_lease(inode) || !remove_is_hooked(inode))
		return -EOPNOTSUPP;
	if (hooks_dead()) {
		hooks_watch();		/* it says so */
		return -EOPNOTSUPP;
	}
	err = lock_against_removal(inode);
	if (err)
		return err;
	mutex_lock(&lease_mutex);
	err = set_locked(fd, file);
	mutex_unlock(&lease_mutex);
	unlock_against_removal(inode);
	if (!err)
		hooks_watch();
	return err;
}

static int new_setlease(unsigned int fd, struct file *file, long arg);
HOOK(setlease, CORE, "fcntl_setlease", new_setlease, NULL);

static noinline int new_setlease(unsigned int fd, struct file *file, long arg)
{
	enum lease_kind kind;
	int ret;

	hook_enter();
	lease_of(file, &kind, -1);
	if ((int)arg == F_LAYOUT)
		ret = lease_set(fd, file);
	else if (kind == LEASE_LAYOUT && (int)arg != F_UNLCK)
		ret = -EAGAIN;	/* It does not turn into another one. */
	else if (kind == LEASE_LAYOUT)
		ret = remove_lease(file);
	else
		ret = ORIG(setlease)(fd, file, arg);
	hook_leave();
	return ret;
}

static int new_getlease(struct file *file);
HOOK(getlease, CORE, "fcntl_getlease", new_getlease, NULL);

static noinline int new_getlease(struct file *file)
{
	enum lease_kind kind;
	int ret;

	hook_enter();
	ret = lease_of(file, &kind, -1);
	if (kind != LEASE_LAYOUT)
		ret = ORIG(getlease)(file);
	hook_leave();
	return ret;
}

/* Where leases go without lm_change(): timeout, close, exit */
static bool wants_modify(struct ftrace_regs *regs)
{
	return lease_is_layout(ARG(regs, 0));
}

static int new_modify(lease_t *fl, int arg, struct list_head *dispose);
HOOK(modify, CORE, "lease_modify", new_modify, wants_modify);

/* Under flc_lock */
static noinline int new_modify(lease_t *fl, int arg, struct list_head *dispose)
{
	int ret;

	hook_enter();
	if (timed_out(fl))
		atomic_inc(&count_timeouts);
	ret = ORIG(modify)(fl, arg, dispose);
	if (!ret && arg == F_UNLCK)
		lease_gone();
	hook_leave();
	return ret;
}

void lease_probe(struct file *file)
{
	ORIG(setlease)(0, file, F_RDLCK);	/* EAGAIN: it is open for writing */
	ORIG(getlease)(file);
}

struct hook *const lease_hooks[] = {
	&hook_setlease, &hook_getlease, &hook_modify,
	&hook_fasync_alloc, &hook_fasync_free, NULL
};

int lease_init(void)
{
	leases_enable = (int *)symbols_lookup("leases_enable");
	lease_break_time = (int *)symbols_lookup("lease_break_time");
	if (leases_enable && lease_break_time)
		return 0;
	pr_err("this kernel has no leases_enable or lease_break_time\n");
	return -ENOENT;
}
