// SPDX-License-Identifier: GPL-2.0
/*
 * Where functions of the kernel are, and whether a hook at that place would be
 * passed by all who call them.  kallsyms_lookup_name() is not exported, but a
 * probe tells where it is; it knows the others.
 */
#include "layout_lease.h"

#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/string.h>

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

unsigned long symbols_lookup(const char *name)
{
	return static_call(lookup_name)(name);
}

int symbols_init(void)
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
	each = (void *)symbols_lookup("kallsyms_on_each_symbol");
	each_module = (void *)symbols_lookup("module_kallsyms_on_each_symbol");
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

/* A symbol of vmlinux or, with a file system as owner, of its module */
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

void symbols_find_in_kernel(void)
{
	unsigned int owner = CORE;

	static_call(each_symbol)(match_symbol, &owner);
}

void symbols_find_in_module(unsigned int owner)
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
bool symbols_are_there(unsigned int owner)
{
	struct hook *const *h, *hook;
	unsigned int t, missing = 0, found = 0;

	for_each_hook(hook, t, h)
		if (hook->owner == owner)
			hook->matches[0] + hook->matches[1] ? found++ : missing++;
	return found > missing;
}

int symbols_check(const struct hook *hook)
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
