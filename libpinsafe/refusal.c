// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Sentences for refused registrations. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "config.h"
#include "log.h"
#include "refusal.h"
#include "stats.h"

static int refuse(const struct mapping_part *part, int error, const char *why)
{
	stats_add(refusals, 1);
	log_error("guard: %s (%s, %s mapping): registration refused with %s: %s",
		  part->file.path, part->fs_name,
		  mapping_kind_name(part->kind), strerrorname_np(error), why);
	return error;
}

int refusal_no_maps(int r)
{
	stats_add(refusals, 1);
	log_error("guard: registration refused with %s: /proc/self/maps cannot be read (%s), so nobody can tell whether the memory is a file's; mount /proc, or set PINSAFE=off to go without protection",
		  strerrorname_np(r), strerror(r));
	return r;
}

int refusal_no_guard(const struct mapping_part *part)
{
	if (part->kind == MAPPING_PAGE_CACHE)
		return refuse(part, EOPNOTSUPP,
			      "the kernel writes back and drops the pages of such a file without asking the device, and there is no guard for that yet; use a file system mounted with -o dax, anonymous memory, or tmpfs");
	if (part->error)
		return refuse(part, EOPNOTSUPP,
			      "the file under the mapping cannot be looked at (it is unlinked or out of reach, and the program holds no descriptor of it), so nobody can tell whether the memory is safe; keep a descriptor of the file open");
	return refuse(part, EOPNOTSUPP, "there is no guard for such a mapping");
}

int refusal_mw_bind(const struct mapping_part *part)
{
	return refuse(part, EOPNOTSUPP,
		      "with IBV_ACCESS_MW_BIND a bound memory window would keep the memory region from being revoked; register without it");
}

static int no_layout_leases(const struct mapping_part *part)
{
	struct utsname uts;
	char why[400];

	uname(&uts);
	snprintf(why, sizeof(why),
		 "Linux %s has no layout leases for it, so the file system would take the blocks away under the device without a word; use a kernel with layout leases (kernel/README.md of pinsafe), device-DAX, or on-demand paging",
		 uts.release);
	return refuse(part, EOPNOTSUPP, why);
}

int refusal_lease(const struct mapping_part *part, int r)
{
	char why[200];

	switch (r) {
	case EOPNOTSUPP:
		return no_layout_leases(part);
	case ENOLCK:
		return refuse(part, EOPNOTSUPP,
			      "leases are turned off on this machine; set /proc/sys/fs/leases-enable to 1");
	case EACCES:
	case EPERM:
		return refuse(part, EACCES,
			      "a lease is for the owner of a file who can read it, or for a process with CAP_LEASE; run as the owner or give the program that capability");
	case EBUSY:
		return refuse(part, EBUSY,
			      "another process has an ordinary lease on the file and did not give it up at once; try again");
	case ENOENT:
		return refuse(part, ENOENT,
			      "the file is unlinked or out of reach, and the program holds no descriptor of it, so no lease can be taken; keep a descriptor of the file open");
	}
	snprintf(why, sizeof(why), "no lease can be taken on the file: %s",
		 strerror(r));
	return refuse(part, r, why);
}

int refusal_prefault(const struct mapping_part *part, int r)
{
	char why[200];

	switch (r) {
	case ENXIO:
		if (!part->writable)
			return refuse(part, EFAULT,
				      "a part of the range was never written, and a read-only mapping cannot allocate blocks for it: the device would read zeros for ever; write the file first, or map it writable");
		return refuse(part, EFAULT,
			      "the range goes beyond the end of the file; extend the file first");
	case ENOSPC:
	case EDQUOT:
		return refuse(part, r,
			      "there is no space left for the blocks that the device would write to; free some, or allocate the file beforehand");
	case EOPNOTSUPP:
		return refuse(part, EOPNOTSUPP,
			      "blocks of the range are shared with another file (reflink), and a read-only mapping cannot get its own; write the file first, or map it writable");
	case EFAULT:
		return refuse(part, EFAULT,
			      "a page of the range cannot be accessed: it is beyond the end of the file or not mapped any more");
	}
	snprintf(why, sizeof(why), "the pages cannot be made present: %s",
		 strerror(r));
	return refuse(part, r, why);
}

int refusal_adopt(const struct mapping_part *part, int r)
{
	char why[200];

	snprintf(why, sizeof(why),
		 "the keeper cannot get hold of the device to revoke memory regions with: %s",
		 strerror(r));
	return refuse(part, r, why);
}

int refusal_register(const struct mapping_part *part, int r)
{
	char why[200];

	snprintf(why, sizeof(why), "the kernel or the device refused it: %s",
		 strerror(r));
	return refuse(part, r, why);
}

int refusal_retake(const struct mapping_part *part)
{
	char why[200];

	snprintf(why, sizeof(why),
		 "blocks of the file are being removed, or the kernel is short of something, and this did not come to an end within %d ms (PINSAFE_RETAKE_MS); try again",
		 config_get()->retake_ms);
	return refuse(part, EAGAIN, why);
}

int refusal_remapped(const struct mapping_part *part)
{
	return refuse(part, EAGAIN,
		      "another thread mapped the file while the memory was being registered; try again");
}

int refusal_rereg(const struct mapping_part *part)
{
	return refuse(part, EOPNOTSUPP,
		      "ibv_rereg_mr() cannot move a memory region to guarded memory; deregister and register instead");
}

int refusal_rereg_guarded(uint32_t lkey)
{
	stats_add(refusals, 1);
	log_error("guard: memory region with lkey 0x%x: ibv_rereg_mr() refused with EOPNOTSUPP: it is guarded; deregister and register instead",
		  lkey);
	return EOPNOTSUPP;
}

void refusal_orphan(const struct mapping_part *part, uint32_t lkey)
{
	log_error("guard: %s: memory region with lkey 0x%x was to be undone, but cannot be destroyed: it keeps its lease",
		  part->file.path, lkey);
}
