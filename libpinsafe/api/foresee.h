/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <infiniband/pinsafe.h>
#include <stdbool.h>
#include <sys/types.h>

#include "base/cause.h"
#include "memory/mapping.h"

/* A file that somebody might map shared, writable, and register */
struct foresee {
	enum mapping_kind kind;
	unsigned long fs_magic;	/* as statfs(2) says it, 0: unknown */
	dev_t dev;
	ino_t ino;
	const char *path;
	bool is_written;	/* the device may write to it */
	bool has_odp;		/* the device has sound on-demand paging */
	/* The errno that the kernel has for each step, 0: it would be done */
	int layout_lease;	/* as lease_take() returns it */
	struct cause layout_cause;	/* as that records it */
	int ordinary_lease;	/* the same */
	struct cause ordinary_cause;
	bool sees_maps;		/* CAP_CHECKPOINT_RESTORE, for btrfs */
	bool keeps_writes;	/* the layout lease would be F_LAYOUT_WRITE */
	struct cause write_cause;	/* if not: as lease_why_not_written() */
	int prefault;		/* as prefault_why() returns it */
	int pin;		/* as the registration returns it */
};

/*
 * Without touching the file: the guard, error and reason that pinsafe_check()
 * has for a mapping of such a file, with the policy of this process; but with
 * PINSAFE_GUARD_NONE there always is a reason.
 * For ibv_pinsafe_devinfo of the same version only.  Any thread.
 */
void pinsafe_private_foresee(const struct foresee *q,
			     struct pinsafe_check_result *ret_result);
