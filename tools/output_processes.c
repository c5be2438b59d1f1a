// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Memory regions and their processes, for people to read. */
#include <string.h>

#include "output.h"

static const char *state_text(const char *state)
{
	if (!strcmp(state, "not-guarded"))
		return "NOT GUARDED";
	if (!strcmp(state, "no-file"))
		return "no file";
	if (!strcmp(state, "unknown"))
		return "UNKNOWN";
	return state;
}

static void print_part(json_object *part)
{
	json_object *lease = report_get(part, "lease");

	printf("    %s %s%s, ", report_text(part, "kind"),
	       report_get(part, "file_system")
		       ? report_text(part, "file_system")
		       : "memory",
	       is_true(part, "writable") ? "" : ", read-only");
	if (!report_get(part, "path")) {
		printf("needs no guard\n");
		return;
	}
	if (lease)
		printf("%s of the %s%s",
		       strcmp(report_text(part, "lease"), "layout")
			       ? report_text(part, "lease")
			       : "layout lease",
		       report_text(part, "lease_holder"),
		       is_true(part, "breaking") ? ", being broken" : "");
	else
		printf("no lease");
	printf("\n      %s\n      at offset %s, %s bytes\n",
	       report_text(part, "path"), report_text(part, "offset"),
	       report_text(part, "length"));
}

static void print_mrs(json_object *mrs)
{
	size_t i, k, n = mrs ? json_object_array_length(mrs) : 0;

	if (!n) {
		printf("  no memory regions\n");
		return;
	}
	printf("  %-12s %8s %14s  %-18s  %s\n", "DEVICE", "MR", "LENGTH",
	       "ADDRESS", "STATE");
	for (i = 0; i < n; i++) {
		json_object *mr = json_object_array_get_idx(mrs, i);
		json_object *parts = report_get(mr, "parts");

		printf("  %-12s %8s %14s  %-18s  %s\n",
		       report_text(mr, "device"), report_text(mr, "mrn"),
		       report_text(mr, "length"), report_text(mr, "address"),
		       state_text(report_text(mr, "state")));
		for (k = 0; k < json_object_array_length(parts); k++)
			print_part(json_object_array_get_idx(parts, k));
	}
}

static void print_process(json_object *process)
{
	json_object *pinsafe = report_get(process, "pinsafe");

	printf("process %s (%s): ", report_text(process, "pid"),
	       report_text(process, "command"));
	if (!pinsafe)
		printf("nobody may look whether it runs pinsafe\n");
	else if (!json_object_get_boolean(pinsafe))
		printf("without pinsafe\n");
	else if (!report_get(process, "keeper_tid"))
		printf("with pinsafe, nothing guarded yet\n");
	else
		printf("with pinsafe, keeper %s\n",
		       report_text(process, "keeper_tid"));
	print_mrs(report_get(process, "mrs"));
	print_notes(process, 2);
}

void output_processes(json_object *report, bool is_verbose)
{
	json_object *processes = report_get(report, "processes");
	json_object *orphans = report_get(report, "orphans");
	size_t i, n = json_object_array_length(processes);

	if (!is_true(report, "rdma"))
		printf("The kernel has no RDMA subsystem loaded.\n");
	else if (!n && !(orphans && json_object_array_length(orphans)))
		printf("No process has a memory region.\n");
	for (i = 0; i < n; i++) {
		if (i)
			putchar('\n');
		print_process(json_object_array_get_idx(processes, i));
	}
	if (orphans && json_object_array_length(orphans)) {
		printf("\nmemory regions whose process the kernel does not tell:\n");
		print_mrs(orphans);
	}
}
