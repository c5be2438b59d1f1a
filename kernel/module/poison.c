// SPDX-License-Identifier: GPL-2.0
/*
 * A page with a memory error is taken out of the page cache, pinned or not, and
 * nobody can wait with that.  The holders are told when it has happened, for what
 * their devices have is not the file's any more.
 */
#include "layout_lease.h"

#include <linux/memory_hotplug.h>
#include <linux/mm.h>

#ifdef CONFIG_MEMORY_FAILURE
static bool wants_failure(struct ftrace_regs *regs)
{
	return pinned_any();
}

static int new_failure(unsigned long pfn, int flags);
HOOK(failure, CORE, "memory_failure", new_failure, wants_failure,
     .untried = true);	/* A call may be a panic: vm.memory_failure_recovery */

static noinline int new_failure(unsigned long pfn, int flags)
{
	struct page *page = pfn_to_online_page(pfn);
	struct address_space *mapping;
	int ret;

	hook_enter();
	/* Only compared; page and file may go any time. */
	mapping = page ? READ_ONCE(page_folio(page)->mapping) : NULL;
	ret = ORIG(failure)(pfn, flags);
	if (mapping)
		pinned_break(mapping);
	hook_leave();
	return ret;
}
#endif

struct hook *const poison_hooks[] = {
#ifdef CONFIG_MEMORY_FAILURE
	&hook_failure,
#endif
	NULL
};
