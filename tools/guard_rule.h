/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef TOOLS_GUARD_RULE_H
#define TOOLS_GUARD_RULE_H

#include <stdbool.h>

#include "abilities.h"
#include "file_facts.h"
#include "report.h"

struct guard_answer {
	enum status status; /* not STATUS_ERROR */
	const char *guard;  /* "layout", "lease", "odp" or "none" */
	int error;	    /* errno of the registration, if it is refused */
	const char *reason; /* a sentence; NULL if protected */
	const char *remedy; /* what would make it work; NULL if nothing */
};

/*
 * What libpinsafe does with a shared mapping of such a file: the one place in
 * this tool that knows the library's rules.  @has_odp: a device other than rxe
 * has on-demand paging for RC.
 */
struct guard_answer guard_rule(const struct file_facts *file, bool is_write,
			       const struct abilities *abilities, bool has_odp);

#endif /* TOOLS_GUARD_RULE_H */
