// SPDX-License-Identifier: GPL-2.0
/*
 * Redirect functions of the kernel, as livepatch does it: an ftrace_ops with
 * IPMODIFY for each.  Callers come to the replacement; what this module itself
 * calls is the original.  PERMANENT: kernel.ftrace_enabled=0 is refused.
 */
#include "layout_lease.h"

#include <linux/delay.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/string.h>

#define WATCH_INTERVAL	HZ

atomic_t hooks_inside = ATOMIC_INIT(0);

static DEFINE_MUTEX(hook_mutex);
static unsigned long owners_on;		/* bits, changed under hook_mutex */
static const char *dead;		/* why the hooks are not to be trusted */

static struct hook *const *const tables[] = {
	lease_hooks, show_hooks, pin_hooks, remove_hooks, fs_hooks
};

#define for_each_hook(hook, t, h)					\
	for (t = 0; t < ARRAY_SIZE(tables); t++)			\
		for (h = tables[t]; (hook = *h); h++)

bool hooks_on(unsigned int owner)
{
	return test_bit(owner, &owners_on);
}

bool hooks_dead(void)
{
	return READ_ONCE(dead);
}

/* Called with preemption off, by whoever calls the function. */
static void notrace handler(unsigned long ip, unsigned long parent_ip,
			    struct ftrace_ops *ops, struct ftrace_regs *regs)
{
	struct hook *hook = container_of(ops, struct hook, ops);

	if (!READ_ONCE(hook->seen))
		WRITE_ONCE(hook->seen, true);
	if ((!hook->own_calls && within_module(parent_ip, THIS_MODULE)) ||
	    (hook->wants && !hook->wants(regs)))
		return;
	ftrace_regs_set_instruction_pointer(regs, (unsigned long)hook->func);
}

/*
 * Symbols.  kallsyms_lookup_name() is not exported, but a probe tells where it
 * is; it knows the others.
 */
typedef unsigned long lookup_fn(const char *name);
typedef SYMBOL_FN(symbol_fn);
typedef int each_symbol_fn(symbol_fn *fn, void *data);
#if SINCE(6, 2)
typedef int each_module_symbol_fn(const char *module, symbol_fn *fn, void *data);
#else
typedef each_symbol_fn each_module_symbol_fn;
#endif

DEFINE_STATIC_CALL_NULL(lookup_name, lookup_fn);
DEFINE_STATIC_CALL_NULL(each_symbol, each_symbol_fn);
DEFINE_STATIC_CALL_NULL(each_module_symbol, each_module_symbol_fn);

unsigned long hooks_lookup(const char *symbol)
{
	return static_call(lookup_name)(symbol);
}

int hooks_lookup_init(void)
{
	struct kprobe probe = { .symbol_name = "kallsyms_lookup_name" };
	void *each, *each_module;
	int err = register_kprobe(&probe);

	if (err) {
		pr_err("no kallsyms_lookup_name(): %d\n", err);
		return err;
	}
	static_call_update(lookup_name, (void *)probe.addr);
	unregister_kprobe(&probe);
	each = (void *)hooks_lookup("kallsyms_on_each_symbol");
	each_module = (void *)hooks_lookup("module_kallsyms_on_each_symbol");
	if (!each || !each_module) {
		pr_err("no kallsyms_on_each_symbol()\n");
		return -ENOENT;
	}
	static_call_update(each_symbol, each);
	static_call_update(each_module_symbol, each_module);
	return 0;
}

/*
 * Part of a function that the compiler has split: its callers may go there past
 * the hook.  What is cold is only reached through the function.
 */
static bool is_part(const char *name, size_t len)
{
	return name[len] == '.' && strncmp(name + len, ".cold", 5);
}

/* A symbol of vmlinux (owner is CORE, or a file system that is built in) or a module */
static void match(unsigned int owner, const char *name, unsigned long addr)
{
	struct hook *const *h, *hook;
	unsigned int t;
	size_t len;

	for_each_hook(hook, t, h) {
		len = strlen(hook->symbol);
		if ((owner != CORE && hook->owner != owner) ||
		    strncmp(name, hook->symbol, len))
			continue;
		if (!name[len]) {
			hook->addr = addr;
			hook->matches[owner != CORE]++;
		} else if (is_part(name, len)) {
			hook->parts[owner != CORE]++;
		}
	}
}

static SYMBOL_FN(match_symbol)
{
	unsigned int owner = *(unsigned int *)data;

#if !SINCE(6, 2)
	/* The symbols of all modules come along. */
	if (mod && strcmp(mod->name, fs_names[owner]))
		return 0;
#endif
	match(owner, name, addr);
	return 0;
}

static void find_in_kernel(void)
{
	unsigned int owner = CORE;

	static_call(each_symbol)(match_symbol, &owner);
}

static void find_in_module(unsigned int owner)
{
	struct hook *const *h, *hook;
	unsigned int t;

	for_each_hook(hook, t, h)
		if (hook->owner == owner)
			hook->matches[1] = hook->parts[1] = 0;
#if SINCE(6, 2)
	static_call(each_module_symbol)(fs_names[owner], match_symbol, &owner);
#else
	static_call(each_module_symbol)(match_symbol, &owner);
#endif
}

/* The file system, built in or as a module; not just what it uses of the kernel */
static bool is_there(unsigned int owner)
{
	struct hook *const *h, *hook;
	unsigned int t, missing = 0, found = 0;

	for_each_hook(hook, t, h)
		if (hook->owner == owner)
			hook->matches[0] + hook->matches[1] ? found++ : missing++;
	return found > missing;
}

static int check(const struct hook *hook)
{
	unsigned int matches = hook->matches[0] + hook->matches[1];

	if (!matches)
		pr_err("this kernel has no %s()\n", hook->symbol);
	else if (matches > 1)
		pr_err("this kernel has %u functions %s()\n", matches,
		       hook->symbol);
	else if (hook->parts[0] + hook->parts[1])
		pr_err("the compiler has split %s() of this kernel\n",
		       hook->symbol);
	else
		return 0;
	return -ENOENT;
}

/* Hooks on and off */

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
	int err = check(hook);

	if (err)
		return err;
	hook->set_orig((void *)hook->addr);
	hook->seen = false;
	return hook->func ? redirect(hook) : 0;
}

static void hook_off(struct hook *hook)
{
	if (hook->on)
		unregister_ftrace_function(&hook->ops);
	ftrace_free_filter(&hook->ops);
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
			owner_off(owner);
			return err;
		}
	}
	set_bit(owner, &owners_on);
	return 0;
}

static void file_system_on(unsigned int owner)
{
	lockdep_assert_held(&hook_mutex);
	if (hooks_on(owner))
		return;
	find_in_module(owner);
	if (is_there(owner) && !owner_on(owner))
		pr_info("%s has layout leases\n", fs_names[owner]);
	else if (is_there(owner))
		pr_err("NO layout leases for %s\n", fs_names[owner]);
}

/* ext4 and xfs may come and go. */
static int module_event(struct notifier_block *nb, unsigned long event,
			void *data)
{
	const struct module *mod = data;
	unsigned int owner;

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
		if (hook->owner == CORE && hook->func &&
		    !READ_ONCE(hook->seen)) {
			pr_err("%s() is called past its hook\n", hook->symbol);
			err = -EIO;
		}
	return err;
}

/*
 * If ftrace finds a fault in itself, or in the kernel's code, it turns itself
 * off, and the hooks with it: then there are no new leases and no pins (the
 * kernel's own functions refuse both), but also no breaks.
 */
static void watch(struct work_struct *work);
static DECLARE_DELAYED_WORK(watch_work, watch);

static void die(const char *why)
{
	WRITE_ONCE(dead, why);
	pr_emerg("%s: layout leases protect NOTHING any more. Blocks of files with DAX may be freed under DMA. Their holders are asked to give up; reboot.\n",
		 why);
	pinned_break_all();
}

static void watch(struct work_struct *work)
{
	if (hooks_dead())
		return;
	if (!selftest_hooks_fire())
		die("ftrace has turned itself off");
	else if (lease_any() || pinned_any())
		hooks_watch();
}

void hooks_watch(void)
{
	queue_delayed_work(queue, &watch_work, WATCH_INTERVAL);
}

static int get_state(char *buf, const struct kernel_param *kp)
{
	const char *why = READ_ONCE(dead);

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
	find_in_kernel();
	err = owner_on(CORE);
	mutex_unlock(&hook_mutex);
	if (err)
		hooks_exit();
	return err;
}

void hooks_exit(void)
{
	unsigned int owner;

	unregister_module_notifier(&module_notifier);
	mutex_lock(&hook_mutex);
	for (owner = FILE_SYSTEMS; owner-- > CORE;)
		owner_off(owner);
	mutex_unlock(&hook_mutex);
	/* Who was sent to a replacement is in it, or has not entered it yet. */
	synchronize_rcu_tasks();
	while (atomic_read(&hooks_inside))
		msleep(20);
	/* The last instructions of those */
	synchronize_rcu_tasks();
	cancel_delayed_work_sync(&watch_work);
}
