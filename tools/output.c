// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* One file, a self-test, any report as JSON, and how text is printed. */
#include <string.h>

#include "output.h"

void print_wrapped(int indent, const char *text)
{
	int column = 0, n;

	while (*text) {
		n = strcspn(text, " ");
		if (column && column + 1 + n > PRINT_WIDTH) {
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

void print_notes(json_object *from, int indent)
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

void output_dry_run(json_object *report, bool is_verbose)
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

void output_selftest(json_object *report, bool is_verbose)
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
