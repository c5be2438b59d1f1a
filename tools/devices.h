/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include "report.h"

/*
 * Add "devices" to @report: all, or the one named @name if it is not NULL.
 *
 * 0, and @ret_has_odp says whether one that is not rxe has on-demand paging for
 * RC; ENODEV if there is none of that name.  No device at all is no error.
 */
int devices_report(const char *name, json_object *report, bool *ret_has_odp);
