// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Reports for people to read, and as JSON. */
#include <string.h>

#include "output.h"

#define WIDTH 80

/* Text under @indent columns, broken between words */
static void print_wrapped(int indent, const char *text)
{
	int column = 0, n;

	while (*text) {
		n = strcspn(text, " ");
		if (column && column + 1 + n > WIDTH) {
			putchar('\n');
			column = 0;
		}
		if (column)
			putchar(' ');
		else
			column = printf("%*s", indent, "") - 1;
		printf("%.*s", n, text);
		column += 1 + n;
		text += n + strspn(text + n, " ");
	}
	putchar('\n');
}

static void print_notes(json_object *from, int indent)
{
	json_object *notes = report_get(from, "notes");
	size_t i, n = notes ? json_object_array_length(notes) : 0;
	char line[400];

	for (i = 0; i < n; i++) {
		snprintf(line, sizeof(line), "note: %s",
			 json_object_get_string(
				 json_object_array_get_idx(notes, i)));
		print_wrapped(indent, line);
	}
}

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

static bool is_true(json_object *from, const char *key)
{
	return json_object_get_boolean(report_get(from, key));
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

void output_processes(json_object *report)
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

/* A line of what the kernel can do; "?" where nobody can tell */
static void print_ability(json_object *kernel, const char *key,
			  const char *text)
{
	json_object *value = report_get(kernel, key);

	printf("  %-44s %s\n", text,
	       !value				? "?"
	       : json_object_get_boolean(value) ? "yes"
						: "no");
}

static void print_value(const char *text, const char *value)
{
	printf("  %-44s %s\n", text, value);
}

/* On a line of its own if it is too long */
static void print_list(const char *text, const char *list)
{
	if (strlen(list) <= WIDTH - 47) {
		print_value(text, list);
		return;
	}
	print_value(text, "");
	print_wrapped(4, list);
}

static void print_written(json_object *provider)
{
	const char *says = report_text(provider, "page_cache_write");

	print_value("page_cache_write=yes is to be had",
		    !strncmp(says, "no", 2) ? "no" : says);
	if (!strncmp(says, "no: ", 4))
		print_wrapped(4, says + 4);
}

static void print_provider(json_object *provider)
{
	const char *by = report_text(provider, "by");
	char text[120];

	if (!report_get(provider, "version")) {
		print_value("layout leases given by", by);
		return;
	}
	snprintf(text, sizeof(text), "%s %s", by,
		 report_text(provider, "version"));
	print_value("layout leases given by", text);
	print_list("layout leases on", report_text(provider, "guards"));
	if (!report_get(provider, "state") ||
	    !strcmp(report_text(provider, "state"), "ok"))
		print_value("state of the module", report_text(provider, "state"));
	else
		print_wrapped(4, report_text(provider, "state"));
	print_written(provider);
	snprintf(text, sizeof(text), "%s, %s", report_text(provider, "leases"),
		 report_text(provider, "pinned_files"));
	print_value("layout leases, pinned files now", text);
	snprintf(text, sizeof(text), "%s, %s, %s",
		 report_text(provider, "breaks"),
		 report_text(provider, "timeouts"),
		 report_text(provider, "refused_pins"));
	print_value("breaks, timeouts, refused pins so far", text);
}

static void print_kernel(json_object *kernel, bool is_verbose)
{
	printf("kernel %s\n", report_text(kernel, "release"));
	print_ability(kernel, "layout_leases",
		      "layout leases");
	print_provider(report_get(kernel, "layout_lease_provider"));
	print_ability(kernel, "leases", "ordinary leases");
	print_ability(kernel, "leases_enabled", "fs.leases-enable");
	printf("  %-44s %s s\n", "fs.lease-break-time",
	       report_text(kernel, "lease_break_time"));
	print_ability(kernel, "madv_populate_write", "MADV_POPULATE_WRITE");
	print_ability(kernel, "page_cache_pins_by_version",
		      "pins page-cache files for writing (by version)");
	if (!is_verbose)
		return;
	print_ability(kernel, "procmap_query", "PROCMAP_QUERY");
	print_ability(kernel, "fanotify_pre_access", "fanotify pre-access");
	print_ability(kernel, "bpf_lsm", "BPF LSM");
	printf("  %-44s %s\n", "tried in a scratch file in",
	       report_text(kernel, "tried_in"));
}

static void print_device(json_object *device, bool is_verbose)
{
	json_object *odp = report_get(device, "odp");

	if (!report_get(device, "provider")) {
		printf("  %-16s cannot be opened: %s\n",
		       report_text(device, "name"),
		       report_text(device, "error"));
		return;
	}
	printf("  %-16s %-10s %-16s %-8s %s\n", report_text(device, "name"),
	       report_text(device, "provider"),
	       is_true(device, "hooked") ? "yes"
					 : report_text(device, "hook_error"),
	       !odp			   ? "?"
	       : is_true(odp, "rc_write")  ? "RC"
	       : is_true(odp, "supported") ? "not RC"
					   : "no",
	       report_text(device, "max_mr_size"));
	if (is_verbose && odp)
		printf("    on-demand paging for RC: write %s, read %s, atomic %s; implicit %s\n",
		       is_true(odp, "rc_write") ? "yes" : "no",
		       is_true(odp, "rc_read") ? "yes" : "no",
		       is_true(odp, "rc_atomic") ? "yes" : "no",
		       is_true(odp, "implicit") ? "yes" : "no");
}

static void print_devices(json_object *report, bool is_verbose)
{
	json_object *devices = report_get(report, "devices");
	size_t i, n = json_object_array_length(devices);

	if (report_get(report, "memlock_limit"))
		printf("\nRDMA devices (memory that may be locked: %s bytes)\n",
		       report_text(report, "memlock_limit"));
	else
		printf("\nRDMA devices (memory that may be locked: unlimited)\n");
	if (!n) {
		printf("  none; a software device over a network interface:\n"
		       "  rdma link add rxe0 type rxe netdev INTERFACE\n");
		return;
	}
	printf("  %-16s %-10s %-16s %-8s %s\n", "DEVICE", "PROVIDER",
	       "CAN BE GUARDED", "ODP", "MAX MR BYTES");
	for (i = 0; i < n; i++)
		print_device(json_object_array_get_idx(devices, i), is_verbose);
}

static const char *guard_text(json_object *from)
{
	if (strcmp(report_text(from, "guard"), "none"))
		return report_text(from, "guard");
	return json_object_get_int(report_get(from, "status")) ==
			       STATUS_UNPROTECTED
		       ? "none"
		       : report_text(from, "errno");
}

/* Each reason once, with the types of all file systems that it is for */
static void print_reason(json_object *list, size_t first)
{
	const char *reason, *type;
	size_t i, n = json_object_array_length(list);
	char text[1200], word[64];
	int at;

	reason = report_text(json_object_array_get_idx(list, first), "reason");
	for (i = 0; i < first; i++)
		if (!strcmp(report_text(json_object_array_get_idx(list, i),
					"reason"),
			    reason))
			return;
	if (!strcmp(reason, "-"))
		return;
	at = snprintf(text, sizeof(text), "%s",
		      guard_text(json_object_array_get_idx(list, first)));
	for (i = first; i < n && at < sizeof(text); i++) {
		type = report_text(json_object_array_get_idx(list, i), "type");
		if (!strcmp(report_text(json_object_array_get_idx(list, i),
					"reason"),
			    reason) &&
		    snprintf(word, sizeof(word), " %s", type) > 0 &&
		    !strstr(text, word))
			at += snprintf(text + at, sizeof(text) - at, " %s",
				       type);
	}
	if (at < sizeof(text))
		snprintf(text + at, sizeof(text) - at, ": %s", reason);
	print_wrapped(2, text);
}

void output_machine(json_object *report, bool is_verbose)
{
	json_object *list = report_get(report, "file_systems");
	size_t i;

	print_kernel(report_get(report, "kernel"), is_verbose);
	print_devices(report, is_verbose);
	printf("\nfile systems\n  %-12s %-7s %8s  %-12s %s\n", "TYPE", "DAX",
	       "BLOCK", "GUARD", "DIRECTORY");
	for (i = 0; i < json_object_array_length(list); i++) {
		json_object *fs = json_object_array_get_idx(list, i);

		printf("  %-12s %-7s %8s  %-12s %s\n", report_text(fs, "type"),
		       report_text(fs, "dax"), report_text(fs, "block_size"),
		       guard_text(fs), report_text(fs, "directory"));
	}
	printf("  GUARD: of a shared mapping, writable if the file system is;\n"
	       "  an errno: refused with it%s; none: by policy\n",
	       is_verbose ? "" : " (-v says why)");
	for (i = 0; is_verbose && i < json_object_array_length(list); i++)
		print_reason(list, i);
	print_notes(report, 0);
}

static void print_users(json_object *users, const char *title, const char *key)
{
	size_t i;

	for (i = 0; i < json_object_array_length(users); i++) {
		json_object *user = json_object_array_get_idx(users, i);

		printf("  %-10s %s (%s), %s: %s%s\n", i ? "" : title,
		       report_text(user, "pid"), report_text(user, "command"),
		       key, report_text(user, key),
		       is_true(user, "breaking") ? ", being broken" : "");
	}
}

static void print_all_users(json_object *report)
{
	print_users(report_get(report, "holders"), "leased by", "lease");
	print_users(report_get(report, "openers"), "open in", "descriptors");
	if (!is_true(report, "openers_complete"))
		printf("  other processes may have it open, too: run as root to see them\n");
}

void output_dry_run(json_object *report)
{
	json_object *file = report_get(report, "file");
	json_object *request = report_get(report, "request");
	const char *verdict = report_text(report, "verdict");

	printf("%s\n  %s on %s, %s bytes\n  to register: %s bytes at offset %s, for %s\n",
	       report_text(file, "path"), report_text(file, "kind"),
	       report_text(file, "file_system"), report_text(file, "size"),
	       report_text(request, "length"), report_text(request, "offset"),
	       report_text(request, "access"));
	if (report_get(report, "openers"))
		print_all_users(report);
	if (report_get(report, "errno"))
		printf("  %s with %s\n", verdict, report_text(report, "errno"));
	else if (strcmp(report_text(report, "guard"), "none"))
		printf("  %s by a %s guard\n", verdict,
		       report_text(report, "guard"));
	else
		printf("  %s\n", strcmp(verdict, "protected")
					 ? "unprotected, by policy"
					 : "needs no guard");
	if (report_get(report, "reason"))
		print_wrapped(4, report_text(report, "reason"));
	if (report_get(report, "remedy")) {
		printf("  what would work:\n");
		print_wrapped(4, report_text(report, "remedy"));
	}
	print_notes(report, 2);
}

void output_selftest(json_object *report)
{
	json_object *steps = report_get(report, "steps"), *step;
	json_object *promises = report_get(report, "promises");
	size_t i;

	printf("%s on %s\n", report_text(report, "path"),
	       report_text(report, "device"));
	for (i = 0; i < json_object_array_length(steps); i++) {
		step = json_object_array_get_idx(steps, i);
		printf("  %9s ms  %-6s  %s\n", report_text(step, "ms"),
		       is_true(step, "ok") ? "ok" : "FAILED",
		       report_text(step, "step"));
		if (report_get(step, "detail"))
			print_wrapped(22, report_text(step, "detail"));
	}
	printf("  promises:");
	json_object_object_foreach(promises, name, kept)
		printf(" %s %s", name,
		       !kept			       ? "-"
		       : json_object_get_boolean(kept) ? "held"
						       : "BROKEN");
	printf("\n  %s%s", report_text(report, "verdict"),
	       !strcmp(report_text(report, "access"), "read") ? " for reading"
							      : "");
	if (report_get(report, "errno"))
		printf(" with %s", report_text(report, "errno"));
	putchar('\n');
}

void output_json(json_object *report, bool is_compact)
{
	int flags = is_compact
			    ? JSON_C_TO_STRING_PLAIN
			    : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED;

	puts(json_object_to_json_string_ext(
		report, flags | JSON_C_TO_STRING_NOSLASHESCAPE));
}
