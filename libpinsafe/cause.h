/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_CAUSE_H
#define PINSAFE_CAUSE_H

/*
 * Why something was not to be had.  One errno has several causes, so whoever
 * meets a failure records which it was; refusal.c puts it into words.
 */
enum cause_kind {
	CAUSE_UNKNOWN,	      /* no more than the errno is known */
	CAUSE_LEASES_OFF,     /* fs.leases-enable */
	CAUSE_NO_LEASES,      /* ordinary ones, on this file system */
	CAUSE_NO_PROVIDER,    /* of layout leases: neither kernel nor module */
	CAUSE_CONTROL_MODULE, /* the module as it is built for tests */
	CAUSE_DEAD_MODULE,    /* @detail: what it says of its state */
	CAUSE_NOT_THAT_FS,    /* @detail: those that the module guards */
	CAUSE_REFLINK,	      /* @detail: the size of the file */
	CAUSE_FS_SAYS_NO,     /* of layout leases, for another reason */
};

struct cause {
	enum cause_kind kind;
	char detail[128];
};

#endif /* PINSAFE_CAUSE_H */
