// SPDX-License-Identifier: GPL-2.0
/*
 * Turns ftrace off for good, as it does by itself when it finds a fault.  For
 * guests that are thrown away afterwards.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

static int __init ftrace_kill_init(void)
{
	struct kprobe probe = { .symbol_name = "ftrace_kill" };
	void (*kill)(void);
	int err = register_kprobe(&probe);

	if (err)
		return err;
	kill = (void *)probe.addr;
	unregister_kprobe(&probe);
	kill();
	return 0;
}

module_init(ftrace_kill_init);
MODULE_DESCRIPTION("Turns ftrace off for good, for a test");
MODULE_LICENSE("GPL");
