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

/* What is known of a file and of the machine */
struct guard_question {
	const struct file_facts *file;
	const char *path; /* for the policy */
	bool is_write;	  /* the device may write to it */
	const struct abilities *abilities;
	bool has_odp; /* a device but rxe has on-demand paging */
};

/*
 * What libpinsafe does with a shared mapping of such a file, with the policy of
 * pinsafe.conf and the environment: the one place in this tool that knows the
 * library's rules.
 */
struct guard_answer guard_rule(const struct guard_question *question);

#endif /* TOOLS_GUARD_RULE_H */
