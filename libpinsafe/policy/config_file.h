/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>

#include "policy/settings.h"

/* The [path] sections of one prefix */
struct config_path {
	struct config_path *next;
	struct settings settings;
	struct policy policy;	/* all layers together, for config.c */
	size_t prefix_len;
	/* Without "/" at its end, so that of the root directory is empty */
	char prefix[];
};

struct config_file {
	const char *name;
	struct settings defaults;
	struct settings program;
	struct config_path *paths;	/* longest prefix first */
};

/*
 * Read the file @name: what is about the program @program, and all paths.
 * Mistakes are reported and left out.  Returns 0, or the errno of a file that
 * cannot be read; then nothing is set.
 */
int config_file_read(const char *name, const char *program,
		     struct config_file *ret_file);

/* Whether @path, as in /proc/self/maps, is @prefix or is below it */
bool config_path_matches(const struct config_path *prefix, const char *path);
