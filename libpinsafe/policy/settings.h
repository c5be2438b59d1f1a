/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * The keys of pinsafe.conf, which are environment variables as well, and the
 * layers in which they are set: defaults, program, path, environment.
 */
#pragma once

#include "policy/config.h"

enum setting_key {
	KEY_GUARD,
	KEY_ON_REFUSE,
	KEY_ON_BREAK,
	KEY_SHMEM,
	KEY_PAGE_CACHE_WRITE,
	KEY_GRACE_MS,
	KEY_SIGNAL,
	KEY_RETAKE_MS,
	N_KEYS
};

/* Of a value: the line of the file that sets it, or one of these */
enum { LINE_NOT_SET = 0, LINE_ENVIRONMENT = -1 };

/* One layer; all zero sets nothing. */
struct settings {
	struct {
		int line;
		int value;
	} of[N_KEYS];
};

/* 0 or ENOENT */
int settings_find_key(const char *name, enum setting_key *ret_key);
/* Whether the key is about the whole process, not about a file */
bool settings_is_of_process(enum setting_key key);

/*
 * Set a key to what @text says.  A bad value is reported and the key is set to
 * its default, whatever the layers below say: what was meant may have been
 * stricter than those.  @file is for the report.
 */
void settings_set(struct settings *settings, enum setting_key key,
		  const char *text, const char *file, int line);
void settings_read_environment(struct settings *settings);

/* What @over sets replaces what @settings has. */
void settings_overlay(struct settings *settings, const struct settings *over);
/* The value, or the default if it is not set */
int settings_value(const struct settings *settings, enum setting_key key);

/* on_break=hold counts as revoke with a guard that is not a layout lease. */
struct policy settings_policy(const struct settings *settings);
/* Report such a combination, unless it is the one that @reported has. */
void settings_report_hold(const struct settings *settings,
			  const struct settings *reported, const char *file);
