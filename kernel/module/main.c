// SPDX-License-Identifier: GPL-2.0
/* Loading and unloading, and on which kernels */
#include "layout_lease.h"

#include <linux/init.h>
#include <linux/panic.h>

#define MODULE_RELEASE	"1.0"

/*
 * Kernels that the tests of pinsafe run on, by the branches of kernel.org: what
 * changes inside of one is mended faults.  The hooks and the self-test find what
 * they can find; whether a kernel's rules are those that README.md tells is for
 * somebody to read, before a line is added here.
 */
static const struct {
	unsigned int	first, last;
} tested[] = {
	{ KERNEL_VERSION(6, 1, 0), KERNEL_VERSION(6, 1, 255) },
	{ KERNEL_VERSION(6, 12, 0), KERNEL_VERSION(6, 12, 255) },
	{ KERNEL_VERSION(7, 2, 0), KERNEL_VERSION(7, 2, 255) },
};

static bool untested;
module_param(untested, bool, 0444);
MODULE_PARM_DESC(untested, "load on a kernel that nobody has tested this on; may lose data");

static int get_counter(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%d\n", atomic_read((atomic_t *)kp->arg));
}

static const struct kernel_param_ops counter_ops = { .get = get_counter };

#define COUNTER(name, description)					\
	module_param_cb(name, &counter_ops, &count_##name, 0444);	\
	MODULE_PARM_DESC(name, description " (read-only)")

COUNTER(leases, "layout leases that are held");
COUNTER(pinned_files, "files with long-term pins");
COUNTER(breaks, "leases that had to be broken");
COUNTER(timeouts, "leases and pins not given up within lease-break-time");
COUNTER(written_files, "files that devices write to, under F_LAYOUT_WRITE");
COUNTER(redirtied_pages, "pages made dirty for that; wraps");
COUNTER(refused_pins, "long-term pins without a lease, or with one that is being broken");

struct workqueue_struct *queue;

static bool is_tested(void)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(tested); i++)
		if (LINUX_VERSION_CODE >= tested[i].first &&
		    LINUX_VERSION_CODE <= tested[i].last)
			return IS_ENABLED(CONFIG_X86_64);
	return false;
}

static int refuse_kernel(void)
{
	if (IS_ENABLED(CONFIG_PREEMPT_RT)) {
		pr_err("not for PREEMPT_RT\n");
		return -EOPNOTSUPP;
	}
	if (is_tested())
		return 0;
	if (!untested) {
		pr_err("nobody has tested this kernel (Linux 6.1, 6.12, 7.2 on x86-64 are); untested=1 loads all the same\n");
		return -EOPNOTSUPP;
	}
	pr_emerg("UNTESTED kernel, loaded all the same: data may be lost\n");
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	return 0;
}

static void warn_control(void)
{
	if (!CONTROL)
		return;
	add_taint(TAINT_USER, LOCKDEP_STILL_OK);
	pr_emerg("***************************************************\n");
	pr_emerg("** The CONTROL module, for TESTS ONLY: blocks of **\n");
	pr_emerg("** files with DAX are freed under DMA, without a **\n");
	pr_emerg("** lease or a wait.  It WILL CORRUPT FILES.      **\n");
	pr_emerg("***************************************************\n");
}

static int __init layout_lease_init(void)
{
	/* What the replacements use comes first, for they are called at once. */
	int err = refuse_kernel() ?: symbols_init() ?: lease_init();

	if (err)
		return err;
	queue = alloc_workqueue("layout_lease", WQ_UNBOUND, 0);
	if (!queue)
		return -ENOMEM;
	err = hooks_init();
	if (err)
		goto out_queue;
	err = selftest_init() ?: pin_count_init();
	if (err)
		goto out_hooks;
	warn_control();
	hooks_file_systems();
	return 0;

out_hooks:
	hooks_exit();
	selftest_exit();
out_queue:
	destroy_workqueue(queue);
	return err;
}

static void __exit layout_lease_exit(void)
{
	pin_count_exit();
	hooks_exit();
	selftest_exit();
	pinned_exit();
	destroy_workqueue(queue);
}

module_init(layout_lease_init);
module_exit(layout_lease_exit);
MODULE_DESCRIPTION("Layout leases for long-term pins of files with DAX");
MODULE_VERSION(MODULE_RELEASE);
MODULE_LICENSE("GPL");
