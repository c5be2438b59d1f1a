/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdint.h>

/*
 * Why something was not to be had.  One errno has several causes, so whoever
 * meets a failure records which it was; refusal.c puts it into words.
 */
enum cause_kind {
	CAUSE_UNKNOWN,	/* no more than the errno is known */
	CAUSE_CALL,	/* @detail: the call that failed with the errno */

	/* Of the keeper */
	CAUSE_NO_THREAD,	/* for this user or in this cgroup */
	CAUSE_NO_STACK,		/* @detail: how much; @start: the RLIMIT_, if any */
	CAUSE_NET_NS,		/* the thread that asks it is in another one */
	CAUSE_OTHER_DEVICE,	/* or none, under the number of the device */
	CAUSE_DEVICE_LOCKED,	/* all of its file, by another open file */
	CAUSE_NO_VERBS,		/* the device is none of the kernel's verbs */

	/* Of memory, from @start to @end; @detail: what is there */
	CAUSE_NOT_MAPPED,
	CAUSE_NO_ACCESS,	/* PROT_NONE */
	CAUSE_READ_ONLY,	/* and the device is to write */
	CAUSE_PRIVATE_DAX,
	CAUSE_IMMUTABLE,	/* the file, which has no blocks there */
	CAUSE_REPLACED,		/* by another thread meanwhile */

	/* Of leases */
	CAUSE_BREAK,		/* one is being broken */
	CAUSE_OPEN_ELSEWHERE,	/* there is another open file description */
	CAUSE_OTHERS_LEASE,	/* on a file of which we have none */
	CAUSE_OWN_LEASE,	/* on the description of the program */
	CAUSE_DIRECT,		/* that has O_DIRECT */
	CAUSE_NOT_OWNER,	/* and no CAP_LEASE */
	CAUSE_NO_PERMISSION,	/* to open the file */
	CAUSE_OUT_OF_REACH,	/* nobody has a descriptor of it */
	CAUSE_NOT_KEPT,		/* the same, for there was no room to keep it */
	CAUSE_NO_PROC,		/* under the root of the keeper */
	CAUSE_NO_DESCRIPTORS,	/* left to the keeper */
	CAUSE_LEASES_OFF,	/* fs.leases-enable */
	CAUSE_NO_LEASES,	/* ordinary ones, on this file system */
	CAUSE_NO_PROVIDER,	/* of layout leases: neither kernel nor module */
	CAUSE_NO_SYSFS,		/* so that nobody can tell whether there is one */
	CAUSE_CONTROL_MODULE,	/* the module as it is built for tests */
	CAUSE_DEAD_MODULE,	/* @detail: what it says of its state */
	CAUSE_NOT_THAT_FS,	/* @detail: those that the module guards */
	CAUSE_REFLINK,		/* @detail: the size of the file */
	CAUSE_DAX_ONLY,		/* layout leases are, and this has a page cache */
	CAUSE_FS_SAYS_NO,	/* of layout leases, for another reason */

	/* Of a lease that does not keep what devices write to a page cache */
	CAUSE_NO_PROMISE,	/* on this machine; @detail: why, the module says */
	CAUSE_CHECKSUMS,
	CAUSE_ENCRYPTED,
	CAUSE_VERITY,
	CAUSE_JOURNAL,		/* of the data */
	CAUSE_NOT_WRITTEN,	/* for another reason */

	/* Of what is asked for, and cannot be given */
	CAUSE_STABLE_PAGES,	/* which the disk needs: no device may write */
	CAUSE_BLIND_LEASES,	/* on this file system they guard nothing */
	CAUSE_NO_MEMORY_LEASES,	/* on memfd and hugetlbfs */
	CAUSE_CANNOT_HOLD,	/* an ordinary lease, on_break=hold */
	CAUSE_OTHER_KIND,	/* of lease is on the file in this process */
	CAUSE_NO_ODP,
	CAUSE_MW_BIND,
	CAUSE_REREG_ON_DEMAND,
	CAUSE_REREG_ACCESS,	/* which is not known */
};

struct cause {
	enum cause_kind kind;
	uintptr_t start, end;
	char detail[128];
};

/*
 * Records that @call, named as in "socket(2)", has failed with @error, and returns
 * that.  @cause: NULL if nobody is told.
 */
int cause_call(struct cause *cause, const char *call, int error);
/* Any other, with as much of @detail as fits */
void cause_set(struct cause *cause, enum cause_kind kind, const char *detail);
