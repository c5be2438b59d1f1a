/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* A process that reads a pinsafe.conf and has an environment */
#pragma once

#include "files.h"
#include "policy/config.h"

/* The name under which the process runs */
#define PROGRAM "program"

struct configured {
	struct config config;
	struct policy policy;
	bool may_guard_shmem;
	bool warns_uninvited;	/* on_refuse, if pinsafe is in all programs */
	int error;	/* errno afterwards, 0 before */
};

extern struct file configured_file, configured_log;

/* Write the file, @n bytes of @text; and the same for a string. */
void configured_write(const char *text, size_t n);
void configured_text(const char *text);

/*
 * Read the configuration in a process with "NAME=VALUE" in its environment
 * (NULL for none; PINSAFE_CONFIG names the file) and look @path up.  Returns
 * what was logged.
 */
const char *configured(const char *variable, const char *path,
		       struct configured *ret_configured);
/* The same, and the log must be empty */
struct configured configured_silently(const char *variable, const char *path);
/* Of that, which guard */
enum guard_choice configured_guard(const char *path);

/* The log must be one line, "@name:@line: @what", of the file. */
void assert_reported(const char *log, int line, const char *what);
void assert_policy(struct policy policy, struct policy expected);
