// SPDX-License-Identifier: GPL-2.0
/*
 * Redirect functions of the kernel, as livepatch does it: an ftrace_ops with
 * IPMODIFY for each.  Callers come to the replacement; what this module itself
 * calls is the original.  PERMANENT: kernel.ftrace_enabled=0 is refused.
 */
#include "layout_lease.h"

#include <linux/delay.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#define WATCH_INTERVAL	HZ

atomic_t hooks_inside = ATOMIC_INIT(0);

static DEFINE_MUTEX(hook_mutex);
static unsigned long owners_on;		/* bits, changed under hook_mutex */
static const char *dead;		/* why the hooks are not to be trusted */
static const char *failed;		/* what could not be hooked last */

/* Not for modules */
typedef int is_dead_fn(void);
LOOKUP(ftrace_is_dead, CORE, "ftrace_is_dead", is_dead_fn, NULL, NULL);
static struct hook *const own_hooks[] = { &hook_ftrace_is_dead, NULL };

/* The first one is used by all others. */
struct hook *const *const hook_tables[HOOK_TABLES] = {
	own_hooks, setlease_hooks, lease_hooks, show_hooks, pin_hooks, pin_cached_hooks,
	remove_hooks, invalidate_hooks, exchange_hooks, poison_hooks, fs_hooks, sync_hooks
};

bool hooks_on(unsigned int owner)
{
	return test_bit(owner, &owners_on);
}

static const char *why_dead(void)
{
	const char *off = "ftrace has turned itself off";

	return READ_ONCE(dead) ?: ORIG(ftrace_is_dead)() ? off : NULL;
}

bool hooks_dead(void)
{
	return why_dead();
}

/* Called by whoever calls the function, in any context: takes no lock. */
static void notrace handler(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *regs)
{
	struct hook *hook = container_of(ops, struct hook, ops);

	if (!READ_ONCE(hook->seen))
		WRITE_ONCE(hook->seen, true);
	/* Filters see all calls, for the self-test is made of our own. */
	if ((hook->wants && !hook->wants(regs)) ||
	    (!hook->own_calls && within_module(parent_ip, THIS_MODULE)))
		return;
	ftrace_regs_set_instruction_pointer(regs, (unsigned long)hook->func);
}

static int redirect(struct hook *hook)
{
	int err;

	hook->ops.func = handler;
	hook->ops.flags = FTRACE_OPS_FL_IPMODIFY | FTRACE_OPS_FL_PERMANENT;
	err = ftrace_set_filter_ip(&hook->ops, hook->addr, 0, 0);
	if (err) {
		pr_err("%s() cannot be traced: %d\n", hook->symbol, err);
		return err;
	}
	err = register_ftrace_function(&hook->ops);
	hook->on = !err;
	if (err == -EBUSY)
		pr_err("%s() is redirected by a livepatch or another module: unload that first (/sys/kernel/livepatch, and the line of the function in /sys/kernel/tracing/enabled_functions)\n",
		       hook->symbol);
	else if (err)
		pr_err("%s() cannot be redirected: %d\n", hook->symbol, err);
	return err;
}

static int hook_on(struct hook *hook)
{
	int err = symbols_check(hook);

	if (err)
		return err;
	hook->set_orig((void *)hook->addr);
	hook->seen = false;
	return hook->func ? redirect(hook) : 0;
}

static void hook_off(struct hook *hook)
{
	/* Not if ftrace has turned itself off: calls still come here. */
	if (hook->on && unregister_ftrace_function(&hook->ops))
		return;
	ftrace_free_filter(&hook->ops);
	/* Up to 6.12 that leaves pointers, and the file system may come again. */
	hook->ops = (struct ftrace_ops){};
	hook->on = false;
}

static void owner_off(unsigned int owner)
{
	struct hook *const *h, *hook;
	unsigned int t;

	lockdep_assert_held(&hook_mutex);
	clear_bit(owner, &owners_on);
	for_each_hook(hook, t, h)
		if (hook->owner == owner)
			hook_off(hook);
}

static int owner_on(unsigned int owner)
{
	struct hook *const *h, *hook;
	unsigned int t;
	int err;

	lockdep_assert_held(&hook_mutex);
	for_each_hook(hook, t, h) {
		if (hook->owner != owner)
			continue;
		err = hook_on(hook);
		if (err) {
			failed = hook->symbol;
			owner_off(owner);
			return err;
		}
	}
	set_bit(owner, &owners_on);
	return 0;
}

const char *hooks_writes(void)
{
	int err;

	mutex_lock(&hook_mutex);
	err = owner_on(WRITES);
	mutex_unlock(&hook_mutex);
	return err ? failed : NULL;
}

static void file_system_on(unsigned int owner)
{
	lockdep_assert_held(&hook_mutex);
	if (hooks_on(owner))
		return;
	symbols_find_in_module(owner);
	if (symbols_are_there(owner) && !owner_on(owner))
		pr_info("%s has layout leases\n", fs_names[owner]);
	else if (symbols_are_there(owner))
		pr_err("NO layout leases for %s\n", fs_names[owner]);
}

/* File systems may come and go. */
static int module_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	const struct module *mod = data;
	unsigned int owner;

	if (event == MODULE_STATE_GOING)
		pin_forget_callers();
	for (owner = EXT4; owner < FILE_SYSTEMS; owner++) {
		if (strcmp(mod->name, fs_names[owner]))
			continue;
		mutex_lock(&hook_mutex);
		if (event == MODULE_STATE_COMING)
			file_system_on(owner);
		else if (event == MODULE_STATE_GOING)
			owner_off(owner);
		mutex_unlock(&hook_mutex);
	}
	return NOTIFY_OK;
}

static struct notifier_block module_notifier = { .notifier_call = module_event };

void hooks_file_systems(void)
{
	unsigned int owner;

	register_module_notifier(&module_notifier);
	mutex_lock(&hook_mutex);
	for (owner = EXT4; owner < FILE_SYSTEMS; owner++)
		file_system_on(owner);
	mutex_unlock(&hook_mutex);
}

/* -EIO, and which, if a hook of CORE has not fired yet */
int hooks_all_seen(void)
{
	struct hook *const *h, *hook;
	unsigned int t;
	int err = 0;

	for_each_hook(hook, t, h)
		if (hook->owner == CORE && hook->func && !hook->untried &&
		    !READ_ONCE(hook->seen)) {
			pr_err("%s() is called past its hook\n", hook->symbol);
			err = -EIO;
		}
	return err;
}

/*
 * If ftrace finds a fault in itself, or in the kernel's code, it turns itself
 * off (ftrace_kill()).  What is redirected stays so as far as that fault allows,
 * and can never be restored: not to be relied on, and not to be unloaded.
 */
static void watch(struct work_struct *work);
static DECLARE_DELAYED_WORK(watch_work, watch);

static void die(const char *why)
{
	WRITE_ONCE(dead, why);
	__module_get(THIS_MODULE);
	pr_emerg("%s: layout leases may protect NOTHING any more, and blocks of files with DAX be freed under DMA. There are no new ones, and the holders of pins are asked to give up; reboot.\n",
		 why);
	pin_count_end_all();
	pinned_break_all();
}

static void watch(struct work_struct *work)
{
	const char *why = why_dead();

	if (READ_ONCE(dead))
		return;
	if (!why && !selftest_hooks_fire())
		why = "a hook does not fire any more";
	if (why)
		die(why);
	else if (lease_any() || pinned_any() || pin_count_any())
		hooks_watch();
}

void hooks_watch(void)
{
	queue_delayed_work(queue, &watch_work, WATCH_INTERVAL);
}

static int get_state(char *buf, const struct kernel_param *kp)
{
	const char *why = why_dead();

	return sysfs_emit(buf, "%s%s\n", why ? "dead: " : "ok", why ?: "");
}

static int get_file_systems(char *buf, const struct kernel_param *kp)
{
	unsigned int owner;
	int len = 0;

	for (owner = EXT4; owner < FILE_SYSTEMS; owner++)
		if (hooks_on(owner))
			len += sysfs_emit_at(buf, len, "%s%s", len ? " " : "",
					     fs_names[owner]);
	return len + sysfs_emit_at(buf, len, "\n");
}

static const struct kernel_param_ops state_ops = { .get = get_state };
static const struct kernel_param_ops file_systems_ops = {
	.get = get_file_systems
};
module_param_cb(state, &state_ops, NULL, 0444);
MODULE_PARM_DESC(state, "ok, or why the leases protect nothing any more (read-only)");
module_param_cb(file_systems, &file_systems_ops, NULL, 0444);
MODULE_PARM_DESC(file_systems, "which have layout leases (read-only)");

int hooks_init(void)
{
	int err;

	mutex_lock(&hook_mutex);
	sync_hooks_init();
	symbols_find_in_kernel();
	err = owner_on(CORE);
	mutex_unlock(&hook_mutex);
	if (err)
		hooks_exit();
	return err;
}

/* The kernel frees the module as soon as this returns. */
static void stay_if_on(void)
{
	struct hook *const *h, *hook;
	unsigned int t;

	for_each_hook(hook, t, h) {
		if (!hook->on)
			continue;
		pr_emerg("%s() cannot be restored, as ftrace has turned itself off. Unloading never ends; reboot.\n",
			 hook->symbol);
		for (;;)
			ssleep(60);
	}
}

void hooks_exit(void)
{
	unsigned int owner;

	unregister_module_notifier(&module_notifier);
	mutex_lock(&hook_mutex);
	for (owner = OWNERS; owner-- > CORE;)
		owner_off(owner);
	mutex_unlock(&hook_mutex);
	stay_if_on();
	/* Who was sent to a replacement is in it, or has not entered it yet. */
	synchronize_rcu_tasks();
	while (atomic_read(&hooks_inside))
		msleep(20);
	/* The last instructions of those */
	synchronize_rcu_tasks();
	cancel_delayed_work_sync(&watch_work);
}
