// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Sentences for what the kernel does not let us do: which call it was that failed,
 * and what helps against the errno of it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "refusal/refusal.h"
#include "refusal/refusal_say.h"

int refusal_call(const struct mapping_part *part, const char *what,
		 const struct cause *cause, int r)
{
	return refusal_say(part, r, "%s, because %s fails with %s; %s", what,
			   cause->detail, strerrorname_np(r),
			   refusal_way_out(r));
}

int refusal_no_maps(int r)
{
	return refusal_explain(
		r,
		"registration refused with %s: /proc/self/maps cannot be read%s (%s), so nobody can tell whether the memory is a file's; %s, or set PINSAFE=off to go without protection",
		strerrorname_np(r), r == ENOMEM ? " and remembered" : "",
		strerror(r),
		r == ENOENT ? "mount /proc" : refusal_way_out(r));
}

int refusal_no_memory(const void *addr)
{
	return refusal_explain(
		ENOMEM,
		"memory at %p: registration refused with ENOMEM: there is no memory (malloc(3)) for what has to be remembered of it; %s",
		addr, refusal_way_out(ENOMEM));
}

int refusal_disk(const struct mapping_part *part, int r)
{
	return refusal_say(
		part, EOPNOTSUPP,
		"nobody can tell whether its disk needs pages that do not change while they are written back, because queue/stable_writes of it in /sys/dev/block cannot be read (%s); %s, or register for remote reads only",
		strerrorname_np(r),
		r == ENOENT ? "mount /sys" : refusal_way_out(r));
}

/* What does not let a stack be */
static const char *more_for_stacks(const struct cause *cause)
{
	switch (cause->start) {
	case RLIMIT_MEMLOCK:
		return "raise RLIMIT_MEMLOCK (ulimit -l)";
	case RLIMIT_AS:
		return "raise RLIMIT_AS (ulimit -v)";
	case RLIMIT_DATA:
		return "raise RLIMIT_DATA (ulimit -d)";
	}
	return refusal_way_out(ENOMEM);
}

/* Why a thread cannot be created, and what helps; @ret_text is as large as a line. */
static void why_no_thread(const struct cause *cause, int r, char *ret_text,
			  size_t size)
{
	switch (cause->kind) {
	case CAUSE_NO_THREAD:
		snprintf(ret_text, size,
			 "because there may be no more of this user, control group or machine; raise RLIMIT_NPROC (ulimit -u), pids.max (TasksMax= of systemd) or /proc/sys/kernel/threads-max");
		break;
	case CAUSE_NO_STACK:
		snprintf(ret_text, size,
			 "because there is no memory for its stack of %s%s; %s, or lower the size of stacks (ulimit -s)",
			 cause->detail,
			 cause->start == RLIMIT_MEMLOCK
				 ? ", which counts as locked after mlockall(2) with MCL_FUTURE"
				 : "",
			 more_for_stacks(cause));
		break;
	default:
		snprintf(ret_text, size, "because %s fails with %s; %s",
			 cause->detail, strerrorname_np(r), refusal_way_out(r));
	}
}

int refusal_no_handlers(const void *addr, const struct cause *cause, int r)
{
	char why[500];

	why_no_thread(cause, r, why, sizeof(why));
	return refusal_explain(
		r,
		"memory at %p: registration refused with %s: the thread that calls break handlers cannot be created, %s; or use a channel and no handler",
		addr, strerrorname_np(r), why);
}

int refusal_no_keeper(const struct mapping_part *part,
		      const struct cause *cause, int r)
{
	char why[500];

	why_no_thread(cause, r, why, sizeof(why));
	return refusal_say(part, r,
			   "the thread that holds leases cannot start, %s",
			   why);
}

static int other_network(const struct mapping_part *part, int r)
{
	return refusal_say(
		part, r,
		"this thread is in another network name space than the first one that registered, and may not go there (setns(2)) to hand descriptors over; register in the same, or with CAP_SYS_ADMIN");
}

int refusal_handover(const struct mapping_part *part, const char *what,
		     const struct cause *cause, int r)
{
	char why[500];

	switch (cause->kind) {
	case CAUSE_NET_NS:
		return other_network(part, r);
	case CAUSE_CALL:
		return refusal_call(part, what, cause, r);
	case CAUSE_NO_THREAD:
	case CAUSE_NO_STACK:
		why_no_thread(cause, r, why, sizeof(why));
		return refusal_say(
			part, r,
			"%s, and the thread that would hand a descriptor over cannot be created, %s",
			what, why);
	default:
		return refusal_say(part, r, "%s: %s; %s", what, strerror(r),
				   refusal_way_out(r));
	}
}

int refusal_adopt(const struct mapping_part *part, const struct cause *cause,
		  int r)
{
	static const char what[] =
		"the keeper cannot get hold of the device to revoke memory regions with";

	switch (cause->kind) {
	case CAUSE_OTHER_DEVICE:
		return refusal_say(
			part, r,
			"%s: this thread has another file, or none, under the number of the device's descriptor; register in a thread that shares the descriptors of the one that opened the device, and keep that open",
			what);
	case CAUSE_DEVICE_LOCKED:
		return refusal_say(
			part, r,
			"%s: somebody has locked all of its file (fcntl(2)), and /proc/locks shows which process; have it unlocked",
			what);
	case CAUSE_NO_VERBS:
		return refusal_say(
			part, r,
			"%s: it is not one of the kernel's RDMA devices (VFIO?), and nobody but the program itself could destroy its memory regions; use the kernel's driver",
			what);
	default:
		return refusal_handover(part, what, cause, r);
	}
}
