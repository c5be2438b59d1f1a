/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "report.h"

/*
 * Register a file through libpinsafe, have a child truncate it and punch a
 * hole, and see which of the promises hold; then restore it.  @path is the
 * file, or a directory for a scratch file.
 *
 * 0 and @ret_status; else an errno, and it has said why on standard error.
 */
int selftest_report(const char *path, const char *device, json_object *report,
		    enum status *ret_status);
