// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the machine can guard, for people to read. */
#include <string.h>

#include "output.h"

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
	if (strlen(list) <= PRINT_WIDTH - 47) {
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
static void print_reasons(json_object *list)
{
	json_object *reasons = json_object_new_object();
	char text[1200], type[64];
	size_t i;

	for (i = 0; i < json_object_array_length(list); i++) {
		json_object *fs = json_object_array_get_idx(list, i);
		const char *reason = report_text(fs, "reason"), *before;

		before = report_get(reasons, reason)
				 ? report_text(reasons, reason)
				 : guard_text(fs);
		snprintf(type, sizeof(type), " %s", report_text(fs, "type"));
		snprintf(text, sizeof(text), "%s%s", before,
			 strstr(before, type) ? "" : type);
		if (report_get(fs, "reason"))
			report_string(reasons, reason, text);
	}
	json_object_object_foreach(reasons, reason, types) {
		snprintf(text, sizeof(text), "%s: %s",
			 json_object_get_string(types), reason);
		print_wrapped(2, text);
	}
	json_object_put(reasons);
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
	printf("  GUARD: of a shared mapping to which the device writes, if it is mounted so;\n"
	       "  -f FILE --access read tells of one that it only reads;\n"
	       "  an errno: refused with it%s; none: by policy\n",
	       is_verbose ? "" : " (-v says why)");
	if (is_verbose)
		print_reasons(list);
	print_notes(report, 0);
}
