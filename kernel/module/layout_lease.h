/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Layout leases for an unmodified kernel.  README.md says what they are for and
 * what is hooked; the stages, in the order in which they come into play:
 *
 *	main.c		load and unload, which kernels
 *	symbols.c	find functions of the kernel
 *	hook.c		redirect them, and notice if that ends
 *	selftest.c	does each hook fire?
 *	fs.c		which files can have a lease
 *	setlease.c	fcntl(F_SETLEASE, F_LAYOUT)
 *	lease.c		the lease itself
 *	show.c		/proc/locks and fdinfo
 *	pin.c		long-term pins of those who hold a lease
 *	pin_cached.c	those of page caches
 *	pin_count.c	tell a process whether its pins were of files
 *	redirty.c	make pages that a device writes to dirty again
 *	sync_hooks.c	when that is needed
 *	sync_test.c	and does the kernel tell us of it each time?
 *	pinned.c	files with such pins: keep them, wait for the pins
 *	pinned_written.c	those that a device writes to
 *	busy.c		pages of a file that are in use
 *	operation.c	operations that are under way, and the breaks they cause
 *	remove.c	the operations that take blocks away
 *	invalidate.c	pages that are dropped, or asked about, by the way
 *	exchange.c	and those that have extents change places
 *	poison.c	memory errors, which nobody can wait with
 *
 * Locks, outermost first: hook_mutex (hook.c); lease_mutex (setlease.c), inside
 * the inode's i_rwsem, which is only tried for a file with DAX; a pinned file's
 * mutex (pinned.c); flc_lock of the inode's leases; file_lock (operation.c,
 * pinned.c).  mmap_lock is taken by pin.c before any of the last three.  Filters
 * are called in any context: they take no lock.
 */
#ifndef LAYOUT_LEASE_H
#define LAYOUT_LEASE_H

#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/module.h>
#include <linux/static_call.h>
#include <linux/workqueue.h>

#include "compat.h"

#define F_LAYOUT	16
#define F_LAYOUT_WRITE	17	/* and what a device writes is not lost */

/* The control for tests: pins need no lease, and nothing waits for them. */
#ifdef LAYOUT_LEASE_CONTROL
#define CONTROL		true
#else
#define CONTROL		false
#endif

/* main.c */
extern struct workqueue_struct *queue;	/* for all that waits */

/* hook.c */

/*
 * Whose function it is; WRITES: of the kernel, but only for F_LAYOUT_WRITE, which
 * there is not if one of these cannot be hooked.
 */
enum { CORE, EXT4, XFS, BTRFS, F2FS, TMPFS, HUGETLBFS, FILE_SYSTEMS,
       WRITES = FILE_SYSTEMS, OWNERS };

struct hook {
	const char		*symbol;
	unsigned int		owner;
	void			*func;	/* the replacement; NULL: only look it up */
	/* Is this call one for us?  No locks.  NULL: each is. */
	bool			(*wants)(struct ftrace_regs *regs);
	void			(*set_orig)(void *addr);
	bool			own_calls;	/* not past it for this module */
	bool			untried;	/* not called by the self-test */
	struct ftrace_ops	ops;
	unsigned long		addr;
	/* Symbols of this name, and of parts of it, in the kernel and the module */
	unsigned int		matches[2], parts[2];
	bool			on;
	bool			seen;	/* has fired */
};

/*
 * _new takes the place of _symbol, and calls it by ORIG(_id).  By a static call,
 * because the ENDBR that an indirect call needs may be gone from a function
 * whose address nobody takes.
 */
#define HOOK(_id, _owner, _symbol, _new, _wants, ...)			\
	LOOKUP(_id, _owner, _symbol, _new, _new, _wants, __VA_ARGS__)
#define LOOKUP(_id, _owner, _symbol, _type, _new, _wants, ...)		\
	DEFINE_STATIC_CALL_NULL(orig_##_id, _type);			\
	static void set_orig_##_id(void *addr)				\
	{								\
		static_call_update(orig_##_id, addr);			\
	}								\
	static struct hook hook_##_id = {				\
		.symbol = _symbol, .owner = _owner, .func = _new,	\
		.wants = _wants, .set_orig = set_orig_##_id,		\
		__VA_ARGS__						\
	}
#define ORIG(_id)	static_call(orig_##_id)

#define ARG(regs, n)	((void *)ftrace_regs_get_argument(regs, n))

/* Does a file system that calls func, or nothing, call the hooked function? */
static inline bool hook_is(const struct hook *hook, const void *func)
{
	return !func || (unsigned long)func == hook->addr;
}

/* Each stage's hooks, NULL at the end */
extern struct hook *const lease_hooks[];
extern struct hook *const setlease_hooks[];
extern struct hook *const show_hooks[];
extern struct hook *const pin_hooks[];
extern struct hook *const pin_cached_hooks[];
extern struct hook *const remove_hooks[];
extern struct hook *const invalidate_hooks[];
extern struct hook *const exchange_hooks[];
extern struct hook *const poison_hooks[];
extern struct hook *const fs_hooks[];
extern struct hook *const sync_hooks[];

#define HOOK_TABLES	12
extern struct hook *const *const hook_tables[HOOK_TABLES];

#define for_each_hook(hook, t, h)					\
	for (t = 0; t < HOOK_TABLES; t++)				\
		for (h = hook_tables[t]; (hook = *h); h++)

/* symbols.c */
int symbols_init(void);
unsigned long symbols_lookup(const char *name);
void symbols_find_in_kernel(void);
void symbols_find_in_module(unsigned int owner);
bool symbols_are_there(unsigned int owner);	/* is the file system? */
int symbols_check(const struct hook *hook);	/* 0, or logs what is wrong */

/* Tasks in a replacement, which may sleep there */
extern atomic_t hooks_inside;

static inline void hook_enter(void)
{
	atomic_inc(&hooks_inside);
}

static inline void hook_leave(void)
{
	atomic_dec(&hooks_inside);
}

int hooks_init(void);		/* all of CORE, or an error */
void hooks_file_systems(void);	/* and those that are there */
const char *hooks_writes(void);	/* NULL, or the function that cannot be hooked */
void hooks_exit(void);
bool hooks_on(unsigned int owner);
bool hooks_dead(void);
int hooks_all_seen(void);
void hooks_watch(void);		/* as long as somebody depends on them */

/* selftest.c */
int selftest_init(void);
void selftest_exit(void);
bool selftest_is(const struct inode *inode);
bool selftest_hooks_fire(void);	/* do they still? */

/* fs.c */
extern const char *const fs_names[FILE_SYSTEMS];
unsigned int fs_owner(const struct inode *inode);
bool fs_can_lease(struct inode *inode);	/* lock-free */
bool fs_can_lease_dax(struct inode *inode);
bool fs_keeps_cache(struct inode *inode);
bool fs_may_share_blocks(struct inode *inode);	/* under lease_mutex */

/* lease.c */
extern int *leases_enable, *lease_break_time;	/* the sysctls; s */

int lease_init(void);
bool lease_any(void);
bool lease_held(struct inode *inode);	/* by this process, not being broken */
bool lease_is_of_current(struct inode *inode);	/* this process, or being broken */
bool lease_is_there(struct inode *inode);	/* of anybody */
bool lease_is_foreign(struct inode *inode);	/* a layout lease of nfsd */
bool lease_may_be_there(struct inode *inode);	/* of any kind */
bool lease_is_layout(lease_t *fl);
bool lease_writes(struct inode *inode);	/* of this process, F_LAYOUT_WRITE */
enum lease_kind { LEASE_NONE, LEASE_ORDINARY, LEASE_LAYOUT };
int lease_of(struct file *file, enum lease_kind *ret_kind, int fd);
int lease_add(unsigned int fd, struct file *file, int type);
int lease_remove(struct file *file);

/* setlease.c */
int setlease(unsigned int fd, struct file *file, int type);
void setlease_probe(struct file *file);	/* calls the hooked functions */

/* show.c */
bool show_layout_of(struct file *file, struct file *proc, char *text,
		    size_t size);

/* pin.c */
int pin_probe(unsigned long addr);	/* calls the hooked functions */

/* pin_cached.c */
struct pinned;

bool pin_is_cached(struct vm_area_struct *vma, unsigned long caller);
long pin_cached(struct pinned *p, struct vm_area_struct *vma,
		unsigned long addr, unsigned long n, unsigned int flags,
		struct page **pages, unsigned long caller);
void pin_forget_callers(void);	/* a module goes, and with it addresses */
void pin_probe_unpin(struct page *page);

/* pin_count.c */
int pin_count_init(void);
void pin_count_exit(void);
bool pin_count_any(void);		/* does anybody depend on it? */
bool pin_count_is_wanted(const struct mm_struct *mm);	/* lock-free */
void pin_count(const struct mm_struct *mm, struct page **pages, long n);
void pin_count_end_all(void);		/* say that there is no telling */

/* redirty.c */

/* A file that a device writes to */
struct written {
	struct file		*file;	/* our own description; NULL: it does not */
	const struct vm_operations_struct *vm_ops;
	pgoff_t			first, last;	/* all that it writes is in here */
	u64			number;	/* in the order of first pins */
};

extern atomic_t count_written_files, count_redirtied_pages;

int redirty_track(struct pinned *p, struct vm_area_struct *vma, pgoff_t first,
		  pgoff_t last);
void redirty_forget(struct written *w);
bool redirty_is_written(struct address_space *mapping);
void redirty_file(struct address_space *mapping, loff_t start, loff_t end);
void redirty_super(struct super_block *sb);
bool redirty_owns_umount(const struct super_block *sb);
bool redirty_unpinned(struct page *page, unsigned long n);

/* sync_hooks.c */
void sync_hooks_init(void);
/* As pin_user_pages(), for writing, where the file system is told in time */
long sync_pin(unsigned long addr, unsigned long n, unsigned int flags,
	      struct page **pages);
const char *sync_probe(struct file *file);	/* what is not hooked, or NULL */
const char *sync_probe_super(struct super_block *sb);
int sync_probe_pin(unsigned long addr);

/* sync_test.c */
void sync_test_init(struct file *file);
bool sync_keeps(struct inode *inode);	/* what a device writes to this file */
bool sync_is_needed(const struct inode *inode);	/* for that */

/* operation.c */

/* An operation on one or two files, on the stack of its task */
struct operation {
	struct list_head	list;
	struct task_struct	*task;
	struct inode		*inode[2];
	bool			breaks;		/* takes blocks away */
	bool			breaking;	/* is calling break_layout() */
	bool			invalidates;	/* drops entries of idle pages */
};

extern spinlock_t file_lock;

void operation_begin(struct operation *op, struct inode *inode,
		     struct inode *inode2, bool breaks);
void operation_end(struct operation *op);
bool operation_breaks(struct inode *inode);	/* by anybody */
bool operation_invalidates(struct inode *inode);
void operation_begin_invalidate(struct operation *op, struct inode *inode);
bool operation_is_breaking(struct inode *inode);	/* this task, just now */
bool operation_keeps_blocks(struct inode *inode);	/* this task's */
bool operation_is_own(struct inode *inode);	/* this task's, that breaks */
int operation_begin_two(struct operation *op, struct inode *inode,
			struct inode *inode2);	/* breaks both first */
int operation_break_nowait(struct operation *op, struct inode *inode);
int operation_break(struct operation *op, struct inode *inode,
		    unsigned long start);

/* busy.c */
bool busy_page(struct address_space *mapping, struct page *page);
struct page *busy_page_from(struct address_space *mapping, pgoff_t *first,
			    pgoff_t last);
bool busy_seen(struct address_space *mapping, pgoff_t index,
	       struct page **pages, long n);

/* pinned.c */
void pinned_exit(void);
struct pinned *pinned_get(struct file *file, pgoff_t first, pgoff_t last);
void pinned_put(struct pinned *p);
struct pinned *pinned_find(struct address_space *mapping); /* pinned_put() it */
struct page *pinned_page(struct address_space *mapping);
struct page *pinned_page_from(struct address_space *mapping, pgoff_t *first);
bool pinned_is(struct address_space *mapping);
int pinned_wait(struct inode *inode, unsigned long start);
void pinned_wake(void);
bool pinned_any(void);
void pinned_break_all(void);
void pinned_break(struct address_space *mapping);

/* pinned_written.c */
struct written *pinned_written(struct pinned *p); /* NULL: it is not */
bool pinned_set_written(struct pinned *p, struct file *file,
			const struct vm_operations_struct *vm_ops,
			pgoff_t first, pgoff_t last);
u64 pinned_last_written(void);
struct pinned *pinned_next_written(struct super_block *sb, u64 *number, u64 last);

/* exchange.c */
bool exchange_is_hooked(struct inode *inode);

/* remove.c */
bool remove_is_hooked(struct inode *inode);	/* all that this file can lose */

/* invalidate.c */
void invalidate_entries(struct operation *op);	/* of DAX, from its files */
bool invalidate_probe(struct inode *inode);	/* does a hook still fire? */

/* Counters, in /sys/module/layout_lease/parameters */
extern atomic_t count_leases, count_breaks, count_timeouts, count_pinned_files,
	count_refused_pins;

#endif /* LAYOUT_LEASE_H */
