/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "report.h"

/* Print a report as tables of up to 80 columns, paths and reasons apart. */
void output_processes(json_object *report, bool is_verbose);
void output_machine(json_object *report, bool is_verbose);
void output_dry_run(json_object *report, bool is_verbose);
void output_selftest(json_object *report, bool is_verbose);

/* Print it as JSON, on one line if @is_compact. */
void output_json(json_object *report, bool is_compact);

/* What output*.c share. */

#define PRINT_WIDTH 80

/* Text under @indent columns, broken between words */
void print_wrapped(int indent, const char *text);
/* The notes of a report, under @indent columns */
void print_notes(json_object *from, int indent);

/* A key that is there, and true */
static inline bool is_true(json_object *from, const char *key)
{
	return json_object_get_boolean(report_get(from, key));
}
