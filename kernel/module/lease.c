// SPDX-License-Identifier: GPL-2.0
/*
 * The lease: an FL_LAYOUT lease, as nfsd has them for pNFS, set by vfs_setlease(),
 * which checks who may.  Each holds a reference to the module.
 */
#include "layout_lease.h"

#include <linux/fcntl.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

int *leases_enable, *lease_break_time;
atomic_t count_leases, count_breaks, count_timeouts;

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

#if SINCE(6, 19)
#define OPEN_CONFLICT	.lm_open_conflict = lm_open_conflict,
#else
#define OPEN_CONFLICT
#endif

#define OPS {								\
	OPEN_CONFLICT							\
	.lm_break = lm_break,						\
	.lm_setup = lm_setup,						\
	.lm_change = lm_change,						\
	.lm_breaker_owns_lease = lm_breaker_owns_lease,			\
}

/* Which one a lease has tells F_LAYOUT from F_LAYOUT_WRITE. */
static const lease_ops_t layout_ops = OPS, layout_write_ops = OPS;

static bool is_write(lease_t *fl)
{
	return fl->fl_lmops == &layout_write_ops;
}

bool lease_is_layout(lease_t *fl)
{
	return fl->fl_lmops == &layout_ops || is_write(fl);
}

bool lease_any(void)
{
	return CONTROL || atomic_read(&count_leases);
}

static bool any(struct inode *inode, bool (*is)(lease_t *fl))
{
	struct file_lock_context *ctx = locks_inode_context(inode);
	bool found = false;
	lease_t *fl;

	if (!ctx)
		return false;
	spin_lock(&ctx->flc_lock);
	list_for_each_entry(fl, &ctx->flc_lease, lc_list)
		found |= is(fl);
	spin_unlock(&ctx->flc_lock);
	return found;
}

static bool is_of_current(lease_t *fl)
{
	return lease_is_layout(fl) && lc(fl, pid) == current->tgid;
}

/* Of this process, be it broken or not */
bool lease_is_of_current(struct inode *inode)
{
	return any(inode, is_of_current);
}

static bool is_write_of_current(lease_t *fl)
{
	return is_write(fl) && lc(fl, pid) == current->tgid;
}

/* A lease of this process that promises to keep what is written */
bool lease_writes(struct inode *inode)
{
	return any(inode, is_write_of_current);
}

bool lease_is_there(struct inode *inode)
{
	return any(inode, lease_is_layout);
}

static bool is_foreign(lease_t *fl)
{
	return (lc(fl, flags) & FL_LAYOUT) && !lease_is_layout(fl);
}

/* One that nfsd has for pNFS */
bool lease_is_foreign(struct inode *inode)
{
	return any(inode, is_foreign);
}

/* Lock-free; the same answer for who has the inode locked */
bool lease_may_be_there(struct inode *inode)
{
	struct file_lock_context *ctx = locks_inode_context(inode);

	return ctx && !list_empty_careful(&ctx->flc_lease);
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
		type = is_write(fl) ? F_LAYOUT_WRITE :
		       is_layout ? F_LAYOUT : lc(fl, type);
		if (is_layout && fd >= 0 && fl->fl_fasync)
			WRITE_ONCE(fl->fl_fasync->fa_fd, fd);
		break;
	}
	spin_unlock(&ctx->flc_lock);
	return type;
}

static lease_t *new_lease(unsigned int fd, struct file *file, int type)
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
	fl->fl_lmops = type == F_LAYOUT ? &layout_ops : &layout_write_ops;
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

int lease_remove(struct file *file)
{
	return set_type(file, F_UNLCK, NULL, (void **)&file);
}

/* Not for modules */
typedef struct fasync_struct *fasync_alloc_fn(void);
typedef void fasync_free_fn(struct fasync_struct *new);
LOOKUP(fasync_alloc, CORE, "fasync_alloc", fasync_alloc_fn, NULL, NULL);
LOOKUP(fasync_free, CORE, "fasync_free", fasync_free_fn, NULL, NULL);

int lease_add(unsigned int fd, struct file *file, int type)
{
	lease_t *fl = new_lease(fd, file, type);
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

struct hook *const lease_hooks[] = {
	&hook_modify, &hook_fasync_alloc, &hook_fasync_free, NULL
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
