/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "abilities.h"
#include "report.h"

/*
 * Add "file_systems" to @report: those that are mounted and whose files can be
 * mapped, each once, with the guard that a shared writable mapping would get.
 *
 * 0, or the errno of /proc/self/mounts
 */
int filesystems_report(const struct abilities *abilities, bool has_odp,
		       json_object *report);
