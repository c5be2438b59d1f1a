// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Sentences for refused registrations. */
#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "hook/called.h"
#include "machine/pin_rule.h"
#include "policy/config.h"
#include "refusal/refusal.h"
#include "refusal/refusal_say.h"

bool refusal_is_only_warning(const struct mapping *mapping)
{
	size_t i;

	for (i = 0; i < mapping->n_parts; i++)
		if (!config_policy(mapping->parts[i].file.path).warn_on_refuse)
			return false;
	return mapping->n_parts;
}

void refusal_let_pass(const struct mapping_part *part)
{
	const char *path = part->file.path;

	log_warn("guard: %s: NOT PROTECTED, because %s", path,
		 config_policy(path).on_refuse_is_set
			 ? "the policy for it is on_refuse=warn"
			 : "pinsafe is in all programs here, and nothing says on_refuse=fail");
}

/* Not by the files that are written, where the kernel pins none of a page cache */
const char *refusal_other_memory(void)
{
	return pin_rule_is_strict() ?
		       "use anonymous memory, a file on tmpfs, or one on ext4, xfs or f2fs that devices only read" :
		       "use anonymous memory, or a file on tmpfs, ext4, xfs or f2fs";
}

int refusal_no_guard(const struct mapping_part *part)
{
	if (part->error && part->error != ENOENT)
		return refusal_say(
			part, EOPNOTSUPP,
			"the file under the mapping cannot be looked at, because %s fails with %s, so nobody can tell whether the memory is safe; %s",
			part->failed, strerrorname_np(part->error),
			refusal_way_out(part->error));
	if (part->error)
		return refusal_say(
			part, EOPNOTSUPP,
			"the file under the mapping cannot be looked at (it is unlinked or out of reach, and the program holds no descriptor of it), so nobody can tell whether the memory is safe; keep a descriptor of the file open");
	return refusal_say(part, EOPNOTSUPP,
			   "there is no guard for such a mapping; %s",
			   refusal_other_memory());
}

int refusal_no_match(const struct mapping_part *part)
{
	if (part->kind == MAPPING_SHMEM)
		return refusal_no_guard(part);
	if (!part->error)
		return refusal_say(
			part, EOPNOTSUPP,
			"an ordinary lease is no guard for files of this file system, which are mapped under another device number than they have; %s%s",
			refusal_other_memory(), refusal_or_module(part));
	return refusal_say(
		part, EOPNOTSUPP,
		"files of this file system are mapped under another device number than they have, so nobody%s can tell which file to take a lease on; %s%s",
		part->fs_magic == BTRFS_SUPER_MAGIC
			? " without CAP_CHECKPOINT_RESTORE"
			: "",
		refusal_other_memory(), refusal_or_module(part));
}

int refusal_entry(const struct mapping_part *part, const char *entry)
{
	return refusal_say(
		part, EOPNOTSUPP,
		"%s() cannot be guarded as it is called here; use ibv_reg_mr() for this memory, or anonymous memory",
		entry);
}

int refusal_no_watch(const struct mapping_part *part,
		     const struct called_bypass *bypass)
{
	if (bypass)
		return refusal_say(
			part, EOPNOTSUPP,
			"guard=odp needs somebody to see when the program unmaps the memory, but what %s calls by the name of %s() is, or may be, in %s, and not in libpinsafe-preload.so; preload pinsafe first, or turn off what replaces it",
			bypass->caller, bypass->name, bypass->callee);
	return refusal_say(
		part, EOPNOTSUPP,
		"guard=odp needs somebody to see when the program unmaps the memory; start the program with libpinsafe-preload.so");
}

/* The part of the range that is in the way; 0: there is none */
static int part_in_the_way(const struct mapping_part *part,
			   const struct cause *cause)
{
	switch (cause->kind) {
	case CAUSE_NOT_MAPPED:
		return refusal_say(
			part, EFAULT,
			"of the range, 0x%" PRIxPTR "-0x%" PRIxPTR
			" is not mapped; register only what is",
			cause->start, cause->end);
	case CAUSE_NO_ACCESS:
		return refusal_say(
			part, EFAULT,
			"of the range, 0x%" PRIxPTR "-0x%" PRIxPTR
			" (%s) is mapped without any access (PROT_NONE); make it accessible by mprotect(2), or register what is before and behind it",
			cause->start, cause->end, cause->detail);
	case CAUSE_READ_ONLY:
		return refusal_say(
			part, EFAULT,
			"of the range, 0x%" PRIxPTR "-0x%" PRIxPTR
			" (%s) is mapped read-only and the memory region is to be written; map it PROT_WRITE, or register for remote reads only",
			cause->start, cause->end, cause->detail);
	default:
		return 0;
	}
}

int refusal_prefault(const struct mapping_part *part,
		     const struct cause *cause, int r)
{
	if (r == EFAULT && part_in_the_way(part, cause))
		return EFAULT;
	switch (r) {
	case ENXIO:
		if (!part->writable)
			return refusal_say(
				part, EFAULT,
				"a part of the range was never written, and a read-only mapping cannot allocate blocks for it: the device would read zeros for ever; write the file first, or map it writable");
		return refusal_say(
			part, EFAULT,
			"the range goes beyond the end of the file; extend the file first");
	case ENOSPC:
	case EDQUOT:
		return refusal_say(
			part, r,
			"there is no space left for the blocks that the device would write to; free some, or allocate the file beforehand");
	case EOPNOTSUPP:
		return refusal_say(
			part, EOPNOTSUPP,
			"blocks of the range are shared with another file (reflink), and a read-only mapping cannot get its own; write the file first, or map it writable");
	case EFAULT:
		return refusal_say(
			part, EFAULT,
			"the kernel does not make all pages of it present and does not say why: the file may have been changed just then, so try again; if it stays so see the kernel log for errors of the file system or of the memory");
	}
	if (r == EPERM && cause->kind == CAUSE_IMMUTABLE)
		return refusal_say(
			part, EPERM,
			"it is immutable or append-only, so that it gets no blocks and no page that is written to; turn that off (chattr -i -a)");
	if (cause->kind == CAUSE_CALL)
		return refusal_call(part, "the pages cannot be made present",
				    cause, r);
	return refusal_say(part, r, "the pages cannot be made present: %s; %s",
			   strerror(r), refusal_way_out(r));
}

/* The kernel's EFAULT for pages that prefault.c has made present (mm/gup.c) */
static const char *why_efault(const struct mapping_part *part, bool is_written)
{
	if (is_written)
		return "since 6.5 Linux pins no pages of a file with a page cache for a device to write to, because the file system could not see it; use anonymous memory, a file on tmpfs, a file system mounted with -o dax and the module layout_lease, or a device with on-demand paging and libpinsafe-preload.so";
	return "this kernel pins memory only as if the device were to write to it, and the mapping is read-only; map the file PROT_WRITE";
}

static int memlock(const struct mapping_part *part)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		return refusal_say(
			part, ENOMEM,
			"the kernel or the device is out of memory; try again when there is more memory, or register less of it");
	return refusal_say(
		part, ENOMEM,
		"the kernel or the device is out of memory, or the process may not pin more: its limit is %llu KiB (RLIMIT_MEMLOCK); raise it by ulimit -l or in /etc/security/limits.conf, or try again when there is more memory",
		(unsigned long long)limit.rlim_cur / 1024);
}

/* Of what the driver or the kernel's verbs say, and nobody knows of which part */
static const char *device_way_out(int error)
{
	switch (error) {
	case EINVAL:
		return "change the access flags, the length or the address, or deregister others, for it may have no room for more";
	case EOPNOTSUPP:
		return "leave out the access flags that the device does not have";
	case ENOSPC:
	case EBUSY:
		return "deregister others, for the device has no room for more";
	case EIO:
	case ENODEV:
		return "open the device anew, for it may have been removed";
	}
	return "no way out is known, but the kernel log may say more";
}

int refusal_register(const struct mapping_part *part,
		     const struct cause *cause, bool is_written, int r)
{
	if (r == EFAULT && part_in_the_way(part, cause))
		return EFAULT;
	if (r == EFAULT && (is_written ? part->kind == MAPPING_PAGE_CACHE &&
						 pin_rule_is_of_release() :
					 !part->writable))
		return refusal_say(part, r, "%s%s",
				   why_efault(part, is_written),
				   is_written ? refusal_or_write(part) : "");
	if (r == EFAULT)
		return refusal_say(
			part, r,
			"the kernel could not get at a page of it, which somebody may have taken away from the file just then; try again");
	if (r == ENOMEM)
		return memlock(part);
	if (r == EOPNOTSUPP && part->kind == MAPPING_FSDAX &&
	    cause->kind != CAUSE_CALL)
		return refusal_say(
			part, r,
			"the kernel pins files with DAX under a layout lease only; use guard=auto");
	return refusal_say(
		part, r, "%s fails with %s (%s); %s",
		cause->kind == CAUSE_CALL ? cause->detail : "ibv_reg_mr(3)",
		strerrorname_np(r), strerror(r), device_way_out(r));
}

int refusal_private_dax(const struct cause *cause)
{
	return refusal_explain(
		EOPNOTSUPP,
		"0x%" PRIxPTR "-0x%" PRIxPTR
		" (%s): registration refused with EOPNOTSUPP: it is a private mapping of a file with DAX, which the kernel does not pin for a device; map it MAP_SHARED, or read the file into other memory",
		cause->start, cause->end, cause->detail);
}

int refusal_replaced(const void *addr)
{
	return refusal_explain(
		EAGAIN,
		"memory at %p: registration refused with EAGAIN: another thread maps files there and takes them away again, all the time; register when that is over",
		addr);
}
