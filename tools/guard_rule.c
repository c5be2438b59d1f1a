// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The library's rules, written down once more, as they can be asked before
 * there is a mapping.
 */
#include <errno.h>
#include <string.h>

#include "guard_rule.h"

/* Guards that the library has */
#define HAS_LEASE_GUARD false
#define HAS_ODP_GUARD false

#define IN_PLACE_OF_IT \
	"a file on a file system mounted with -o dax, device-DAX, anonymous memory, or tmpfs"

static struct guard_answer protected_by(const char *guard)
{
	return (struct guard_answer){.status = STATUS_PROTECTED,
				     .guard = guard};
}

static struct guard_answer refused(int error, const char *reason,
				   const char *remedy)
{
	return (struct guard_answer){.status = STATUS_REFUSED,
				     .guard = "none",
				     .error = error,
				     .reason = reason,
				     .remedy = remedy};
}

static struct guard_answer leases_are_off(void)
{
	return refused(EOPNOTSUPP, "leases are turned off on this machine",
		       "set /proc/sys/fs/leases-enable to 1");
}

static struct guard_answer rule_for_fsdax(const struct abilities *abilities,
					  bool has_odp)
{
	if (abilities->layout_leases == ABILITY_YES)
		return abilities->leases_enabled == ABILITY_NO
			       ? leases_are_off()
			       : protected_by("layout");
	if (HAS_ODP_GUARD && has_odp)
		return protected_by("odp");
	return refused(
		EOPNOTSUPP,
		"this kernel has no layout leases: the file system would take the blocks away under the device without a word",
		"a kernel with layout leases (kernel/README.md of pinsafe), device-DAX, or on-demand paging");
}

static bool is_one_of(const char *name, const char *const *names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static struct guard_answer
rule_for_page_cache(const struct file_facts *file, bool is_write,
		    const struct abilities *abilities)
{
	static const char *const with_leases[] = {"ext4", "xfs", "btrfs",
						  "f2fs", NULL};

	if (!HAS_LEASE_GUARD)
		return refused(
			EOPNOTSUPP,
			"the kernel writes back and drops the pages of such a file without asking the device, and there is no guard for that yet",
			IN_PLACE_OF_IT);
	if (!is_one_of(file->fs_name, with_leases))
		return refused(
			EOPNOTSUPP,
			"leases on this file system guard nothing: its files change without breaking them",
			IN_PLACE_OF_IT);
	if (is_write && !strcmp(file->fs_name, "btrfs"))
		return refused(
			EOPNOTSUPP,
			"btrfs computes checksums of pages, which a device must not write to meanwhile",
			IN_PLACE_OF_IT);
	if (is_write && abilities->page_cache_pins == ABILITY_NO)
		return refused(
			EFAULT,
			"kernels from 6.5 on refuse writable memory regions over files with a page cache",
			IN_PLACE_OF_IT);
	if (abilities->leases_enabled == ABILITY_NO)
		return leases_are_off();
	return protected_by("lease");
}

struct guard_answer guard_rule(const struct file_facts *file, bool is_write,
			       const struct abilities *abilities, bool has_odp)
{
	switch (file->kind) {
	case FILE_FSDAX:
		return rule_for_fsdax(abilities, has_odp);
	case FILE_PAGE_CACHE:
		return rule_for_page_cache(file, is_write, abilities);
	case FILE_MEMORY:
		return (struct guard_answer){
			.status = STATUS_UNPROTECTED,
			.guard = "none",
			.reason =
				"memory without blocks is passed through: if it is truncated, the device goes on with pages that the file does not have any more, and no other file is harmed",
		};
	case FILE_DEVICE:
	case FILE_NONE:
		return (struct guard_answer){.status = STATUS_PROTECTED,
					     .guard = "none"};
	case FILE_UNKNOWN:
		break;
	}
	return refused(
		EOPNOTSUPP,
		"the file cannot be looked at, so nobody can tell whether the memory is safe",
		"keep a descriptor of the file open");
}
