/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>

#include "file_facts.h"
#include "report.h"

/*
 * Add "holders", who have a lease on the file, and "openers", who have it open,
 * to @report, and "openers_complete": false if there are processes that we may
 * not look at.
 *
 * 0, and the number of openers but ourselves; or the errno of reading /proc
 */
int file_users_report(const struct file_facts *file, json_object *report,
		      size_t *ret_openers);
