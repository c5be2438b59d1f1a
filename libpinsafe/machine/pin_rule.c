// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What the kernel does not pin for long and for writing: files with DAX ever
 * since it knows them (mm/gup.c:vma_is_fsdax), and since Linux 6.5 shared
 * mappings of files that keep track of dirty pages, which are all that have
 * blocks (mm/gup.c:writable_file_mapping_allowed).  There is nothing to try that
 * on without a device, so the release has to tell.  The control module, which is
 * for tests, pins all of it.
 */
#include <stdatomic.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "machine/pin_rule.h"

enum { UNKNOWN, STRICT, LAX };

bool pin_rule_is_of_release(void)
{
	unsigned int major, minor;
	struct utsname name;

	return !uname(&name) &&
	       sscanf(name.release, "%u.%u", &major, &minor) == 2 &&
	       (major > 6 || (major == 6 && minor >= 5));
}

static int find_out(void)
{
	return pin_rule_is_of_release() &&
			       access("/sys/module/layout_lease_control", F_OK)
		       ? STRICT
		       : LAX;
}

bool pin_rule_is_strict(void)
{
	static atomic_int rule;
	int seen = atomic_load_explicit(&rule, memory_order_relaxed);

	if (seen == UNKNOWN) {
		seen = find_out();
		atomic_store_explicit(&rule, seen, memory_order_relaxed);
	}
	return seen == STRICT;
}
