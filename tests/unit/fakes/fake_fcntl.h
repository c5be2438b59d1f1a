/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "../lib/fault.h"
#include "../lib/files.h"

#ifndef F_LAYOUT
#define F_LAYOUT 16
#endif
#define F_LAYOUT_WRITE 17

/* In place of a command that is refused: all of them */
#define FAKE_ANY_COMMAND (-1)

struct fake_fcntl {
	struct fault set_lease;
	int layout_errno, layout_write_errno;	/* of these types */
	int unlock_errno;	/* of F_UNLCK, which does nothing then */
	/* Of all such calls; 0: of none */
	int refused_command, refused_errno;
	bool loses_signals;	/* as if the queue were full */
	bool is_quiet;		/* record nothing */
	unsigned int n_unarmed; /* breaks that would have killed the process */
	/* Processes that have the files open, too */
	unsigned int n_readers, n_writers;
	/* Just before a layout lease is granted, without a lock; may be NULL */
	void (*on_layout)(const struct file *file);
	/* Just before a lease goes; by the thread that gives it up */
	void (*on_unlock)(const struct file *file);
};

extern struct fake_fcntl fake_fcntl;

/*
 * Leases exist on these files, a, b... in the record; others are real.  The
 * mappings hold the descriptions that the files have now, which are known
 * by their file offset from then on.
 */
void fake_fcntl_files(const struct file *files, size_t n_files);

/*
 * Somebody is about to remove blocks of @file: breaks the lease, if there is
 * one, and signals its owner.  Until fake_break_end() there are no new leases.
 */
void fake_break_begin(const struct file *file);
/* The blocks can be removed; false if not within DEADLINE_MS. */
bool fake_break_wait(const struct file *file);
void fake_break_end(const struct file *file);

/* The kernel has taken the lease away without a word. */
void fake_lease_expire(const struct file *file);

bool fake_lease_exists(const struct file *file);
/* Would somebody be signalled? */
bool fake_is_armed(const struct file *file);
