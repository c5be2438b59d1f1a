/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

#include "abilities.h"
#include "file_facts.h"
#include "report.h"

struct guard_answer {
	enum status status; /* not STATUS_ERROR */
	const char *guard;  /* "layout", "lease", "odp" or "none" */
	int error;	    /* errno of the registration, if it is refused */
	char reason[1024];  /* a sentence; "" if protected */
	char remedy[512];   /* what would make it work; "" if nothing */
};

/* What is known of a file, of the machine, and of what the kernel would say */
struct guard_question {
	const struct file_facts *file;
	const char *path; /* for the policy */
	bool is_write;	  /* the device may write to it */
	const struct abilities *abilities;
	bool is_others;	 /* the user may take no lease on the file */
	bool is_open;	 /* somebody else has it open */
	bool is_too_far; /* the range goes beyond the end of the file */
	bool is_too_big; /* for RLIMIT_MEMLOCK */
};

/* What libpinsafe would do with a shared mapping of such a file, so it says. */
struct guard_answer guard_answer(const struct guard_question *question);
