// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A sentence: counted and logged, or for the thread that asked for it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/probe.h"
#include "base/stats.h"
#include "policy/options.h"
#include "refusal/refusal_say.h"

/* Where the sentence goes for a thread that only wants to know; else NULL */
static struct pinsafe_check_result *check_result(void)
{
	const struct reg_options *options = options_get();

	return options ? options->check : NULL;
}

int refusal_explain(int error, const char *format, ...)
{
	struct pinsafe_check_result *check = check_result();
	char line[sizeof(check->reason)];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (check) {
		memcpy(check->reason, line, sizeof(line));
	} else {
		stats_add_refusal(error);
		log_error("guard: %s", line);
	}
	return error;
}

int refusal_say(const struct mapping_part *part, int error, const char *format,
		...)
{
	char why[800];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	if (!check_result())
		probe_refuse(part->file.path, error);
	return refusal_explain(error,
		       "%s (%s, %s mapping): registration refused with %s: %s",
		       part->file.path, part->fs_name,
		       mapping_kind_name(part->kind), strerrorname_np(error),
		       why);
}
