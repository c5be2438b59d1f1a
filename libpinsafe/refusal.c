// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Sentences for refused registrations. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "config.h"
#include "log.h"
#include "opener.h"
#include "options.h"
#include "probe.h"
#include "refusal.h"
#include "stats.h"

/* Where the sentence goes for a thread that only wants to know; else NULL */
static struct pinsafe_check_result *check_result(void)
{
	const struct reg_options *options = options_get();

	return options ? options->check : NULL;
}

/* Counts and logs, or tells who asked */
static int explain(int error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static int explain(int error, const char *format, ...)
{
	struct pinsafe_check_result *check = check_result();
	char line[sizeof(check->reason)];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (check) {
		memcpy(check->reason, line, sizeof(line));
	} else {
		stats_add_refusal(error);
		log_error("guard: %s", line);
	}
	return error;
}

static int refuse(const struct mapping_part *part, int error, const char *why)
{
	if (!check_result())
		probe_refuse(part->file.path, error);
	return explain(error,
		       "%s (%s, %s mapping): registration refused with %s: %s",
		       part->file.path, part->fs_name,
		       mapping_kind_name(part->kind), strerrorname_np(error),
		       why);
}

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

int refusal_no_maps(int r)
{
	bool no_room = r == EMFILE || r == ENFILE;

	return explain(
		r,
		"registration refused with %s: /proc/self/maps cannot be read (%s), so nobody can tell whether the memory is a file's; %s, or set PINSAFE=off to go without protection",
		strerrorname_np(r), strerror(r),
		no_room ? "close files or raise RLIMIT_NOFILE (ulimit -n)"
			: "mount /proc");
}

int refusal_no_guard(const struct mapping_part *part)
{
	if (part->error)
		return refuse(
			part, EOPNOTSUPP,
			"the file under the mapping cannot be looked at (it is unlinked or out of reach, and the program holds no descriptor of it), so nobody can tell whether the memory is safe; keep a descriptor of the file open");
	return refuse(part, EOPNOTSUPP, "there is no guard for such a mapping");
}

int refusal_no_leases(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"leases that this file system grants guard nothing, since the file can change behind them; use a file on ext4, xfs or f2fs, a file system with DAX, or anonymous memory");
}

int refusal_no_match(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"files of this file system are mapped under another device number than they have, so nobody can tell which file to take a lease on; use a file on ext4, xfs or f2fs");
}

int refusal_memfd(const struct mapping_part *part)
{
	return refuse(part, EOPNOTSUPP,
		      "shmem=guard, but the kernel grants no lease on a memfd; set shmem=pass for it, or use a file on tmpfs");
}

int refusal_not_dax(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"guard=layout, but only files on a file system with DAX have layout leases; use guard=auto or guard=lease");
}

int refusal_hold(const struct mapping_part *part)
{
	return refuse(
		part, EINVAL,
		"on_break=hold needs a layout lease, and this file can only have an ordinary one, which the kernel takes away after lease-break-time; set on_break=revoke for it");
}

int refusal_checksums(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"btrfs has checksums of the pages that it writes back, and the device would change them meanwhile; use a file on ext4 or xfs");
}

int refusal_stable_pages(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"its disk needs pages that do not change while they are written back (queue/stable_writes), and the device would change them; use a file on another disk");
}

int refusal_entry(const struct mapping_part *part, const char *entry)
{
	char why[200];

	snprintf(
		why, sizeof(why),
		"%s() cannot be guarded as it is called here; use ibv_reg_mr() for this memory, or anonymous memory",
		entry);
	return refuse(part, EOPNOTSUPP, why);
}

int refusal_mw_bind(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"with IBV_ACCESS_MW_BIND a bound memory window would keep the memory region from being revoked; register without it");
}

static int no_layout_leases(const struct mapping_part *part)
{
	struct utsname uts;
	char why[400];

	uname(&uts);
	snprintf(
		why, sizeof(why),
		"Linux %s has no layout leases for it, so the file system would take the blocks away under the device without a word; use a kernel with layout leases (kernel/README.md of pinsafe), device-DAX, or on-demand paging",
		uts.release);
	return refuse(part, EOPNOTSUPP, why);
}

static const char not_the_owner[] =
	"a lease is for the owner of a file who can read it, or for a process with CAP_LEASE; run as the owner or give the program that capability";
static const char out_of_reach[] =
	"the file is unlinked or out of reach, or the program has closed its descriptor and no preload object saw it mapped, so no lease can be taken; keep a descriptor of the file open";
static const char own_lease[] =
	"the program, or one that it shares the open file with by fork(2), has a lease on the file itself, which pinsafe must not disturb; give it up";
static const char others_lease[] =
	"another process has an ordinary lease on the file and did not give it up at once; try again";

int refusal_lease(const struct mapping_part *part, int r)
{
	char why[200];

	switch (r) {
	case EOPNOTSUPP:
		return part->kind == MAPPING_FSDAX ? no_layout_leases(part)
						   : refusal_no_leases(part);
	case ENOLCK:
		return refuse(
			part, EOPNOTSUPP,
			"leases are turned off on this machine; set /proc/sys/fs/leases-enable to 1");
	case EACCES:
	case EPERM:
		return refuse(part, EACCES, not_the_owner);
	case EBUSY:
		return refuse(part, EBUSY,
			      part->kind == MAPPING_FSDAX ? others_lease
							  : own_lease);
	case ENOENT:
		return refuse(part, ENOENT, out_of_reach);
	}
	snprintf(why, sizeof(why), "no lease can be taken on the file: %s",
		 strerror(r));
	return refuse(part, r, why);
}

int refusal_no_odp(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"guard=odp, but the device or its driver has no on-demand paging for reliable connections; use guard=auto");
}

int refusal_no_watch(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"guard=odp needs somebody to see when the program unmaps the memory; start the program with libpinsafe-preload.so");
}

int refusal_prefault(const struct mapping_part *part, int r)
{
	char why[200];

	switch (r) {
	case ENXIO:
		if (!part->writable)
			return refuse(
				part, EFAULT,
				"a part of the range was never written, and a read-only mapping cannot allocate blocks for it: the device would read zeros for ever; write the file first, or map it writable");
		return refuse(
			part, EFAULT,
			"the range goes beyond the end of the file; extend the file first");
	case ENOSPC:
	case EDQUOT:
		return refuse(
			part, r,
			"there is no space left for the blocks that the device would write to; free some, or allocate the file beforehand");
	case EOPNOTSUPP:
		return refuse(
			part, EOPNOTSUPP,
			"blocks of the range are shared with another file (reflink), and a read-only mapping cannot get its own; write the file first, or map it writable");
	case EFAULT:
		return refuse(
			part, EFAULT,
			"a page of the range cannot be accessed: it is beyond the end of the file or not mapped any more");
	}
	snprintf(why, sizeof(why), "the pages cannot be made present: %s",
		 strerror(r));
	return refuse(part, r, why);
}

int refusal_adopt(const struct mapping_part *part, int r)
{
	char why[200];

	snprintf(
		why, sizeof(why),
		"the keeper cannot get hold of the device to revoke memory regions with: %s",
		r == ESRCH ? "the main thread of the program has ended; let it wait for the others" :
			     strerror(r));
	return refuse(part, r, why);
}

/* The kernel's EFAULT for pages that prefault.c has made present (mm/gup.c) */
static const char *why_efault(const struct mapping_part *part, bool is_written)
{
	if (is_written && !part->writable)
		return "the mapping is read-only and the memory region is to be written; map the file PROT_WRITE, or register for remote reads only";
	if (is_written)
		return "since 6.5 Linux pins no pages of a file with a page cache for a device to write to, because the file system could not see it; use a file system mounted with -o dax, tmpfs, anonymous memory, or a device with on-demand paging";
	return "this kernel pins memory only as if the device were to write to it, and the mapping is read-only; map the file PROT_WRITE";
}

static int memlock(const struct mapping_part *part)
{
	struct rlimit limit;
	char why[300];

	if (getrlimit(RLIMIT_MEMLOCK, &limit) ||
	    limit.rlim_cur == RLIM_INFINITY)
		return refuse(part, ENOMEM,
			      "the kernel or the device is out of memory");
	snprintf(
		why, sizeof(why),
		"the kernel or the device is out of memory, or the process may not pin more: its limit is %llu KiB (RLIMIT_MEMLOCK); raise it by ulimit -l or in /etc/security/limits.conf",
		(unsigned long long)limit.rlim_cur / 1024);
	return refuse(part, ENOMEM, why);
}

int refusal_register(const struct mapping_part *part, bool is_written, int r)
{
	char why[200];

	if (r == EFAULT && part->kind != MAPPING_UNKNOWN)
		return refuse(part, r, why_efault(part, is_written));
	if (r == ENOMEM)
		return memlock(part);
	snprintf(why, sizeof(why), "the kernel or the device refused it: %s",
		 strerror(r));
	return refuse(part, r, why);
}

static int sole_opener(const struct mapping_part *part)
{
	char opener[100], why[400];

	opener_name(part->file.dev, part->file.ino, opener, sizeof(opener));
	snprintf(
		why, sizeof(why),
		"an ordinary lease is for a file that nobody else has open, and %s has it open, or it was opened again after it was mapped; try again when it is closed",
		opener[0] ? opener : "somebody");
	return refuse(part, EAGAIN, why);
}

int refusal_retake(const struct mapping_part *part, int waited_ms)
{
	char why[200];

	if (part->kind != MAPPING_FSDAX)
		return sole_opener(part);
	snprintf(why, sizeof(why),
		 "blocks of the file are being removed, or the kernel is short of something, and this did not come to an end within %d ms (retake_ms); try again",
		 waited_ms);
	return refuse(part, EAGAIN, why);
}

int refusal_remapped(const struct mapping_part *part)
{
	return refuse(
		part, EAGAIN,
		"another thread mapped the file while the memory was being registered; try again");
}

int refusal_rereg_on_demand(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"ibv_rereg_mr() cannot put a memory region on demand; deregister and register instead");
}

int refusal_rereg_access(const struct mapping_part *part)
{
	return refuse(
		part, EOPNOTSUPP,
		"ibv_rereg_mr() without IBV_REREG_MR_CHANGE_ACCESS would move a memory region here whose access is not known; change that, too, or deregister and register instead");
}

int refusal_rereg(uint32_t lkey, const char *why)
{
	stats_add_refusal(EOPNOTSUPP);
	log_error("guard: memory region with lkey 0x%x: ibv_rereg_mr() refused with EOPNOTSUPP: %s; deregister and register instead",
		lkey, why);
	return EOPNOTSUPP;
}

int refusal_rereg_remapped(uint32_t lkey)
{
	stats_add_refusal(EAGAIN);
	log_error("guard: memory region with lkey 0x%x: ibv_rereg_mr() failed with EAGAIN: another thread mapped other memory there meanwhile, so it is revoked; deregister and register instead",
		lkey);
	return EAGAIN;
}

void refusal_orphan(const struct mapping_part *part, uint32_t lkey)
{
	log_error("guard: %s: memory region with lkey 0x%x was to be undone, but cannot be destroyed: it keeps its lease",
		part->file.path, lkey);
}

int refusal_retired(uint32_t lkey, size_t n)
{
	return explain(
		EADDRNOTAVAIL,
		"registration refused with EADDRNOTAVAIL: %zu times the device handed out the key of a memory region that was revoked, 0x%x at last, and a peer that still holds it could write here; close the device and open it again",
		n, lkey);
}

int refusal_rereg_retired(uint32_t lkey)
{
	stats_add_refusal(EADDRNOTAVAIL);
	log_error("guard: memory region with lkey 0x%x: ibv_rereg_mr() failed with EADDRNOTAVAIL: the device gave it the key of one that was revoked, so it is revoked, too; deregister and register instead",
		lkey);
	return EADDRNOTAVAIL;
}

void refusal_remapped_stuck(uint32_t lkey)
{
	log_error("guard: memory region with lkey 0x%x is over memory that was replaced meanwhile, and cannot be destroyed: THE DEVICE CAN GO ON TO USE IT",
		lkey);
}

void refusal_stuck(uint32_t lkey, bool is_retired)
{
	log_error("guard: memory region with lkey 0x%x %s cannot be destroyed%s",
		  lkey,
		  is_retired ? "has the key of one that was revoked, and" :
			       "was to be undone, but",
		  is_retired ?
			  ": A PEER THAT STILL HOLDS THE KEY CAN WRITE TO ITS MEMORY" :
			  "");
}
