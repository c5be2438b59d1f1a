// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The library's rules (libpinsafe/choice.c and guard.c), written down once
 * more, as they can be asked before there is a mapping.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "config.h"
#include "guard_rule.h"

#define IN_PLACE_OF_IT \
	"a file on a file system mounted with -o dax, tmpfs, anonymous memory, or a device with on-demand paging"

static struct guard_answer protected_by(const char *guard)
{
	return (struct guard_answer){.status = STATUS_PROTECTED,
				     .guard = guard};
}

static struct guard_answer unprotected(const char *reason)
{
	return (struct guard_answer){.status = STATUS_UNPROTECTED,
				     .guard = "none",
				     .reason = reason};
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

static bool is_on(const struct file_facts *file, const char *fs_name)
{
	return !strcmp(file->fs_name, fs_name);
}

/* 1, 0, or -1 if there is no such disk */
static int read_stable_writes(dev_t dev, const char *from)
{
	char path[80], value = '0';
	int fd;

	snprintf(path, sizeof(path),
		 "/sys/dev/block/%u:%u/%squeue/stable_writes", major(dev),
		 minor(dev), from);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (read(fd, &value, 1) != 1)
		value = '0';
	close(fd);
	return value == '1';
}

/* A partition has none: ask its disk. */
static bool needs_stable_pages(dev_t dev)
{
	int r = read_stable_writes(dev, "");

	return (r < 0 ? read_stable_writes(dev, "../") : r) == 1;
}

static struct guard_answer rule_for_layout(const struct guard_question *q,
					   bool may_go_on_demand)
{
	if (q->file->kind != FILE_FSDAX)
		return refused(
			EOPNOTSUPP,
			"guard=layout, but only files on a file system with DAX have layout leases",
			"guard=auto or guard=lease in pinsafe.conf");
	if (q->abilities->leases_enabled == ABILITY_NO)
		return refused(EOPNOTSUPP,
			       "leases are turned off on this machine",
			       "set /proc/sys/fs/leases-enable to 1");
	if (q->abilities->layout_leases == ABILITY_YES)
		return protected_by("layout");
	if (may_go_on_demand && q->has_odp)
		return protected_by("odp");
	return refused(
		EOPNOTSUPP,
		"this kernel has no layout leases: the file system would take the blocks away under the device without a word",
		"a kernel with layout leases (kernel/README.md of pinsafe), device-DAX, or on-demand paging");
}

static struct guard_answer rule_for_lease(const struct guard_question *q,
					  bool may_go_on_demand)
{
	if (is_on(q->file, "btrfs"))
		return refused(
			EOPNOTSUPP,
			"files of btrfs are mapped under another device number than they have, so nobody can tell which file to take a lease on",
			IN_PLACE_OF_IT);
	if (!is_on(q->file, "ext4") && !is_on(q->file, "xfs") &&
	    !is_on(q->file, "f2fs") && !is_on(q->file, "tmpfs"))
		return refused(
			EOPNOTSUPP,
			"leases that this file system grants guard nothing, since the file can change behind them",
			"a file on ext4, xfs or f2fs, a file system with DAX, or anonymous memory");
	if (q->is_write && q->file->kind == FILE_PAGE_CACHE &&
	    needs_stable_pages(q->file->dev))
		return refused(
			EOPNOTSUPP,
			"its disk needs pages that do not change while they are written back (queue/stable_writes)",
			"a file on another disk");
	if (q->abilities->leases_enabled == ABILITY_NO)
		return refused(EOPNOTSUPP,
			       "leases are turned off on this machine",
			       "set /proc/sys/fs/leases-enable to 1");
	if (q->is_write && q->file->kind == FILE_PAGE_CACHE &&
	    q->abilities->page_cache_pins == ABILITY_NO)
		return may_go_on_demand && q->has_odp
			       ? protected_by("odp")
			       : refused(EFAULT,
					 "since 6.5 Linux pins no pages of a file with a page cache for a device to write to",
					 IN_PLACE_OF_IT);
	return protected_by("lease");
}

static struct guard_answer rule_for_file(const struct guard_question *q,
					 enum guard_choice guard)
{
	switch (guard) {
	case GUARD_NONE:
		return unprotected("the policy for it is guard=none");
	case GUARD_LAYOUT:
		return rule_for_layout(q, false);
	case GUARD_LEASE:
		return rule_for_lease(q, false);
	case GUARD_ODP:
		return q->has_odp
			       ? protected_by("odp")
			       : refused(EOPNOTSUPP,
					 "guard=odp, but no device has on-demand paging for reliable connections",
					 "guard=auto in pinsafe.conf");
	case GUARD_AUTO:
		break;
	}
	return q->file->kind == FILE_FSDAX ? rule_for_layout(q, true)
					   : rule_for_lease(q, true);
}

/* With on_refuse=warn it goes to the kernel, which may refuse it as well. */
static struct guard_answer only_warned(const struct guard_answer *answer,
				       const struct guard_question *q)
{
	if (q->file->kind == FILE_FSDAX ||
	    (q->is_write && q->file->kind == FILE_PAGE_CACHE &&
	     q->abilities->page_cache_pins == ABILITY_NO))
		return *answer;
	return unprotected(answer->reason);
}

struct guard_answer guard_rule(const struct guard_question *q)
{
	struct policy policy = config_policy(q->path);
	struct guard_answer answer;

	switch (q->file->kind) {
	case FILE_DEVICE:
	case FILE_NONE:
		return protected_by("none");
	case FILE_MEMORY:
		if (policy.guard_shmem && is_on(q->file, "tmpfs") &&
		    !config_get()->off)
			break;
		return unprotected(
			"memory without blocks is passed through: if it is truncated, the device goes on with pages that the file does not have any more, and no other file is harmed");
	case FILE_UNKNOWN:
		return refused(
			EOPNOTSUPP,
			"the file cannot be looked at, so nobody can tell whether the memory is safe",
			"keep a descriptor of the file open");
	case FILE_FSDAX:
	case FILE_PAGE_CACHE:
		break;
	}
	if (config_get()->off)
		return unprotected("PINSAFE=off");
	answer = rule_for_file(q, policy.guard);
	if (answer.status == STATUS_REFUSED && policy.warn_on_refuse)
		return only_warned(&answer, q);
	return answer;
}
