// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <string.h>

#include "print.h"

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
