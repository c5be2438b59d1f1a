// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Sentences for leases that were not to be had. */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "opener.h"
#include "refusal.h"
#include "refusal_say.h"

static int no_provider(const struct mapping_part *part)
{
	struct utsname uts;

	uname(&uts);
	return refusal_say(
		part, EOPNOTSUPP,
		"Linux %s has no layout leases of its own and the module layout_lease is not loaded, so the file system would take the blocks away under the device without a word; install it (kernel/module/README.md of pinsafe) and load it on this machine: modprobe layout_lease",
		uts.release);
}

static int reflink(const struct mapping_part *part, const char *size)
{
	return refusal_say(
		part, EOPNOTSUPP,
		"blocks of the file are or were shared with another file (reflink), so that writes to the file may move it to other blocks, which the device would not follow; run sync -f and then xfs_io -c \"unshare 0 %s\" on it, or use a copy made by cp --reflink=never",
		size);
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
	case CAUSE_CONTROL_MODULE:
		return refusal_say(
			part, EOPNOTSUPP,
			"the module that is loaded is layout_lease_control, which is for tests and protects nothing; unload it and load layout_lease");
	case CAUSE_NOT_THAT_FS:
		return refusal_say(
			part, EOPNOTSUPP,
			"the module layout_lease guards files of other file systems only: %s; use one of them",
			cause->detail);
	default:
		return refusal_say(
			part, EOPNOTSUPP,
			"the file system grants no layout lease on this file; use another file, or one on ext4 or xfs with DAX");
	}
}

static const char not_the_owner[] =
	"a lease is for the owner of a file who can read it, or for a process with CAP_LEASE; run as the owner or give the program that capability";
static const char out_of_reach[] =
	"the file is unlinked or out of reach, or the program has closed its descriptor and no preload object saw it mapped, so no lease can be taken; keep a descriptor of the file open";
static const char own_lease[] =
	"the program, or one that it shares the open file with by fork(2), has a lease on the file itself, which pinsafe must not disturb; give it up";
static const char others_lease[] =
	"another process has an ordinary lease on the file and did not give it up at once; try again";

int refusal_lease(const struct mapping_part *part, const struct cause *cause,
		  int r)
{
	switch (r) {
	case EOPNOTSUPP:
		return part->kind == MAPPING_FSDAX
			       ? no_layout_lease(part, cause)
			       : refusal_no_leases(part);
	case ENOLCK:
		return refusal_say(
			part, EOPNOTSUPP,
			"leases are turned off on this machine; set /proc/sys/fs/leases-enable to 1");
	case EACCES:
	case EPERM:
		return refusal_say(part, EACCES, "%s", not_the_owner);
	case EBUSY:
		return refusal_say(part, EBUSY, "%s",
				   part->kind == MAPPING_FSDAX ? others_lease
							       : own_lease);
	case ENOENT:
		return refusal_say(part, ENOENT, "%s", out_of_reach);
	}
	return refusal_say(part, r, "no lease can be taken on the file: %s",
			   strerror(r));
}

static int sole_opener(const struct mapping_part *part)
{
	char opener[100];

	opener_name(part->file.dev, part->file.ino, opener, sizeof(opener));
	return refusal_say(
		part, EAGAIN,
		"an ordinary lease is for a file that nobody else has open, and %s has it open, or it was opened again after it was mapped; try again when it is closed",
		opener[0] ? opener : "somebody");
}

int refusal_retake(const struct mapping_part *part, int waited_ms)
{
	if (part->kind != MAPPING_FSDAX)
		return sole_opener(part);
	return refusal_say(
		part, EAGAIN,
		"blocks of the file are being removed, or the kernel is short of something, and this did not come to an end within %d ms (retake_ms); try again",
		waited_ms);
}
