/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "abilities.h"
#include "report.h"

struct dry_run {
	const char *path;
	uint64_t offset;
	uint64_t length; /* 0: to the end of the file */
	bool is_write;
	bool has_odp; /* of devices_report() */
};

/*
 * What would become of a memory region over a shared mapping of a file, by this
 * user, on this machine, now.  The file is not opened but with O_PATH, so this
 * breaks nobody's lease.
 *
 * 0 and @ret_status; else the errno of looking at the file or at /proc
 */
int dry_run_report(const struct dry_run *run, const struct abilities *abilities,
		   json_object *report, enum status *ret_status);
