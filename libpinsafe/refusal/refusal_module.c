// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Sentences about what the module layout_lease does for files with a page cache
 * and for memory: what it would, where it is not loaded, and what it does not.
 */
#include <errno.h>
#include <string.h>

#include "machine/lease_provider.h"
#include "memory/fs.h"
#include "refusal/refusal.h"
#include "refusal/refusal_say.h"

#define LOAD "; or load the module layout_lease (kernel/module/README.md of pinsafe), "

static bool may_be_guarded(const struct mapping_part *part)
{
	return (part->kind == MAPPING_PAGE_CACHE ||
		part->kind == MAPPING_SHMEM) &&
	       fs_has_module(part->fs_magic);
}

const char *refusal_or_module(const struct mapping_part *part)
{
	struct lease_provider provider;

	if (!may_be_guarded(part))
		return "";
	lease_provider_find(&provider);
	return provider.kind == PROVIDER_NONE
		       ? LOAD "which gives such files layout leases, whoever has them open"
		       : "";
}

const char *refusal_or_write(const struct mapping_part *part)
{
	struct lease_provider provider;

	if (!may_be_guarded(part))
		return "";
	lease_provider_find(&provider);
	if (provider.kind == PROVIDER_NONE)
		return LOAD "with which page_cache_write=yes can allow it";
	return strcmp(provider.page_cache_write, "yes") == 0
		       ? "; or set page_cache_write=yes for it, of which pinsafe.conf(5) tells the price"
		       : "";
}

static const char *why_not_written(const struct cause *cause)
{
	switch (cause->kind) {
	case CAUSE_CHECKSUMS:
		return "btrfs has checksums of the pages that it writes back, and the device would change them meanwhile; use a file on ext4 or xfs, or a new one without checksums (chattr +C)";
	case CAUSE_ENCRYPTED:
		return "the file is encrypted; use one that is not";
	case CAUSE_VERITY:
		return "the file has fs-verity, so that it cannot be written to; register for remote reads only";
	case CAUSE_JOURNAL:
		return "its data goes through the journal, which must not change meanwhile; turn that off (chattr -j)";
	default:
		return "the file system or its disk needs pages that do not change while they are written back, or it is a swap file, or has data=journal; use another file, or a file system mounted with -o dax";
	}
}

int refusal_not_written(const struct mapping_part *part,
			const struct cause *cause)
{
	static const char what[] =
		"page_cache_write=yes, but the module layout_lease does not promise to keep what a device writes to this file";

	if (cause->kind == CAUSE_NO_PROMISE)
		return refusal_say(
			part, EOPNOTSUPP,
			"%s, nor to any on this kernel (%s); use a file system mounted with -o dax, tmpfs, anonymous memory, or another kernel",
			what, cause->detail);
	return refusal_say(part, EOPNOTSUPP, "%s: %s", what,
			   why_not_written(cause));
}
