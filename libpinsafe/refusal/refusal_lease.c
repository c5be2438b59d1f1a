// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Sentences for leases that were not to be had. */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>

#include "memory/backing.h"
#include "refusal/refusal.h"
#include "refusal/refusal_say.h"

static int no_provider(const struct mapping_part *part)
{
	struct utsname uts;

	uname(&uts);
	return refusal_say(
		part, EOPNOTSUPP,
		"Linux %s has no layout leases of its own and the module layout_lease is not loaded, so that nothing would keep the file system from taking the blocks away under the device; install it (kernel/module/README.md of pinsafe) and load it on this machine: modprobe layout_lease%s",
		uts.release,
		part->kind == MAPPING_FSDAX ? "" : ", or use guard=auto");
}

static int reflink(const struct mapping_part *part, const char *size)
{
	return refusal_say(
		part, EOPNOTSUPP,
		"blocks of the file are or were shared with another file (reflink), so that writes to the file may move it to other blocks, which the device would not follow; run sync -f and then xfs_io -c \"unshare 0 %s\" on it, or use a copy made by cp --reflink=never",
		size);
}

static int fs_says_no(const struct mapping_part *part)
{
	if (part->kind == MAPPING_FSDAX)
		return refusal_say(
			part, EOPNOTSUPP,
			"the file system grants no layout lease on this file; use another file, or one on ext4 or xfs with DAX");
	return refusal_say(
		part, EOPNOTSUPP,
		"the file system grants no layout lease on this file (encrypted ones, swap files and the like have none); use another file, or guard=auto");
}

static int no_layout_lease(const struct mapping_part *part,
			   const struct cause *cause)
{
	switch (cause->kind) {
	case CAUSE_NO_PROVIDER:
		return no_provider(part);
	case CAUSE_REFLINK:
		return reflink(part, cause->detail);
	case CAUSE_DEAD_MODULE:
		return refusal_say(
			part, EOPNOTSUPP,
			"the module layout_lease gives no leases any more, it says: %s; see the kernel log, and when no lease is left load it anew: modprobe -r layout_lease, modprobe layout_lease",
			cause->detail);
	case CAUSE_NOT_THAT_FS:
		return refusal_say(
			part, EOPNOTSUPP,
			"the module layout_lease guards files of other file systems only: %s; use one of them",
			cause->detail);
	default:
		return fs_says_no(part);
	}
}

/* What RLIMIT_NOFILE would have to be for more files, each with @n descriptors */
static unsigned long long more_descriptors(unsigned int n)
{
	struct rlimit limit = { 0 };

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur + 1024ull * n;
}

static int out_of_reach(const struct mapping_part *part,
			const struct cause *cause)
{
	if (cause->kind == CAUSE_NOT_KEPT)
		return refusal_say(
			part, ENOENT,
			"the program has closed its descriptor, and so many files were mapped already that pinsafe had none left to keep it with; raise RLIMIT_NOFILE (ulimit -n), to %llu for 1024 more of such files%s",
			more_descriptors(2), refusal_or_module(part));
	if (part->kind == MAPPING_FSDAX)
		return refusal_say(
			part, ENOENT,
			"the file is unlinked or out of reach, or the program has closed its descriptor, of which pinsafe keeps none for files with DAX, so no lease can be taken; keep a descriptor of the file open");
	return refusal_say(
		part, ENOENT,
		"the file is unlinked or out of reach, or the program has closed its descriptor, having mapped the file before it opened a device, or not by mmap(2) of the preload object, so no lease can be taken; open the device first, or keep a descriptor of the file open%s",
		refusal_or_module(part));
}

int refusal_lease(const struct mapping_part *part, const struct cause *cause,
		  int r)
{
	int plain = refusal_plain(part, cause->kind);

	if (plain)
		return plain;
	switch (cause->kind) {
	case CAUSE_OUT_OF_REACH:
	case CAUSE_NOT_KEPT:
		return out_of_reach(part, cause);
	case CAUSE_NO_DESCRIPTORS:
		return refusal_say(
			part, r,
			"pinsafe needs a descriptor for each leased file, and there is none left (%s); raise RLIMIT_NOFILE (ulimit -n), to %llu for 1024 more files",
			strerror(r), more_descriptors(1));
	default:
		break;
	}
	if (r == EOPNOTSUPP && cause->kind != CAUSE_CALL)
		return no_layout_lease(part, cause);
	return refusal_handover(part, "no lease can be taken on the file",
				cause, r);
}

static int sole_opener(const struct mapping_part *part)
{
	char opener[100];

	opener_name(part->file.dev, part->file.ino, opener, sizeof(opener));
	return refusal_say(
		part, EAGAIN,
		"an ordinary lease is for a file that nobody else has open, and %s has it open, or it was opened again after it was mapped; try again when it is closed%s",
		opener[0] ? opener : "somebody", refusal_or_module(part));
}

int refusal_retake(const struct mapping_part *part, const struct cause *cause,
		   int waited_ms)
{
	switch (cause->kind) {
	case CAUSE_OPEN_ELSEWHERE:
		return sole_opener(part);
	case CAUSE_REPLACED:
		return refusal_say(
			part, EAGAIN,
			"other threads mapped other memory there while it was being registered, again and again for %d ms (retake_ms); register when that is over",
			waited_ms);
	case CAUSE_BREAK:
		return refusal_say(
			part, EAGAIN,
			"its lease is being broken, by somebody who opens it or takes blocks away, and this did not come to an end within %d ms (retake_ms); try again%s",
			waited_ms, refusal_or_module(part));
	case CAUSE_NO_THREAD:
	case CAUSE_NO_STACK:
		return refusal_handover(part, "no lease can be taken on the file",
					cause, EAGAIN);
	default:
		return refusal_say(
			part, EAGAIN,
			"%s had no answer but \"try again\" for %d ms (retake_ms); try again when the machine has more to spare",
			cause->kind == CAUSE_CALL ? cause->detail : "the kernel",
			waited_ms);
	}
}
