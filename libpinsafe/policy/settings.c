// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What each key may be set to.  A value that it may not be set to is reported,
 * and the default, which is always the safer choice, takes its place.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "policy/settings.h"

#define GRACE_MS_MAX 600000

static const struct {
	const char *name;
	const char *variable;
	const char *want;
	/* The first is the default; a key without words is a number. */
	const char *words[6];
} keys[N_KEYS] = {
	[KEY_GUARD] = { "guard",
			"PINSAFE_GUARD",
			"auto, layout, lease, odp or none",
			{ [GUARD_AUTO] = "auto",
			  [GUARD_LAYOUT] = "layout",
			  [GUARD_LEASE] = "lease",
			  [GUARD_ODP] = "odp",
			  [GUARD_NONE] = "none" } },
	[KEY_ON_REFUSE] = { "on_refuse",
			    "PINSAFE_ON_REFUSE",
			    "fail or warn",
			    { "fail", "warn" } },
	[KEY_ON_BREAK] = { "on_break",
			   "PINSAFE_ON_BREAK",
			   "revoke or hold",
			   { "revoke", "hold" } },
	[KEY_SHMEM] = { "shmem",
			"PINSAFE_SHMEM",
			"pass or guard",
			{ "pass", "guard" } },
	[KEY_PAGE_CACHE_WRITE] = { "page_cache_write",
				   "PINSAFE_PAGE_CACHE_WRITE",
				   "no or yes",
				   { "no", "yes" } },
	[KEY_GRACE_MS] = { .name = "grace_ms", .variable = "PINSAFE_GRACE_MS" },
	[KEY_SIGNAL] = { .name = "signal", .variable = "PINSAFE_SIGNAL" },
	[KEY_RETAKE_MS] = { .name = "retake_ms",
			    .variable = "PINSAFE_RETAKE_MS" },
};

struct range {
	int min, max, def;
};

/* Not constant, as the C library keeps some real-time signals for itself */
static struct range range_of(enum setting_key key)
{
	switch (key) {
	case KEY_GRACE_MS:
		return (struct range){ 0, GRACE_MS_MAX, 0 };
	case KEY_SIGNAL:
		return (struct range){ SIGRTMIN, SIGRTMAX, SIGRTMAX - 2 };
	case KEY_RETAKE_MS:
		return (struct range){ 0, INT_MAX, 2000 };
	default:
		return (struct range){ 0 };
	}
}

int settings_find_key(const char *name, enum setting_key *ret_key)
{
	int i;

	for (i = 0; i < N_KEYS; i++) {
		if (!strcmp(name, keys[i].name)) {
			*ret_key = i;
			return 0;
		}
	}
	return ENOENT;
}

bool settings_is_of_process(enum setting_key key)
{
	return key == KEY_SIGNAL || key == KEY_RETAKE_MS;
}

static void bad_value(enum setting_key key, const char *text, const char *want,
		      const char *def, const char *file, int line)
{
	if (line == LINE_ENVIRONMENT)
		log_error("config: %s=%s is not %s: using the default, %s",
			  keys[key].variable, text, want, def);
	else
		log_error("config: %s:%d: %s=%s is not %s: "
			  "using the default, %s",
			  file, line, keys[key].name, text, want, def);
}

static int word(enum setting_key key, const char *text, const char *file,
		int line)
{
	int i;

	for (i = 0; keys[key].words[i]; i++)
		if (!strcmp(text, keys[key].words[i]))
			return i;
	bad_value(key, text, keys[key].want, keys[key].words[0], file, line);
	return 0;
}

static int number(enum setting_key key, const char *text, const char *file,
		  int line)
{
	struct range range = range_of(key);
	char want[64], def[16];
	char *end;
	long n;

	n = strtol(text, &end, 10);
	if (end != text && !*end && n >= range.min && n <= range.max)
		return n;
	snprintf(want, sizeof(want), "a number from %d to %d", range.min,
		 range.max);
	snprintf(def, sizeof(def), "%d", range.def);
	bad_value(key, text, want, def, file, line);
	return range.def;
}

void settings_set(struct settings *settings, enum setting_key key,
		  const char *text, const char *file, int line)
{
	settings->of[key].value = keys[key].words[0]
					  ? word(key, text, file, line)
					  : number(key, text, file, line);
	settings->of[key].line = line;
}

void settings_read_environment(struct settings *settings)
{
	const char *text;
	int i;

	for (i = 0; i < N_KEYS; i++) {
		text = secure_getenv(keys[i].variable);
		if (text)
			settings_set(settings, i, text, NULL, LINE_ENVIRONMENT);
	}
}

void settings_overlay(struct settings *settings, const struct settings *over)
{
	int i;

	for (i = 0; i < N_KEYS; i++)
		if (over->of[i].line != LINE_NOT_SET)
			settings->of[i] = over->of[i];
}

int settings_value(const struct settings *settings, enum setting_key key)
{
	return settings->of[key].line == LINE_NOT_SET ? range_of(key).def
						      : settings->of[key].value;
}

static bool cannot_hold(const struct settings *settings)
{
	int guard = settings_value(settings, KEY_GUARD);

	return settings_value(settings, KEY_ON_BREAK) &&
	       (guard == GUARD_LEASE || guard == GUARD_ODP);
}

static void where(char *text, size_t size, const char *file, int line)
{
	if (line == LINE_ENVIRONMENT)
		snprintf(text, size, "the environment");
	else
		snprintf(text, size, "%s:%d", file, line);
}

void settings_report_hold(const struct settings *settings,
			  const struct settings *reported, const char *file)
{
	int hold_line = settings->of[KEY_ON_BREAK].line;
	int guard_line = settings->of[KEY_GUARD].line;
	char hold[300], guard[300];

	if (!cannot_hold(settings))
		return;
	if (reported && cannot_hold(reported) &&
	    reported->of[KEY_ON_BREAK].line == hold_line &&
	    reported->of[KEY_GUARD].line == guard_line)
		return;
	where(hold, sizeof(hold), file, hold_line);
	where(guard, sizeof(guard), file, guard_line);
	log_error("config: %s: on_break=hold needs a layout lease, which "
		  "guard=%s (%s) is not: on_break=revoke is kept",
		  hold,
		  keys[KEY_GUARD].words[settings_value(settings, KEY_GUARD)],
		  guard);
}

struct policy settings_policy(const struct settings *settings)
{
	return (struct policy){
		.guard = settings_value(settings, KEY_GUARD),
		.warn_on_refuse = settings_value(settings, KEY_ON_REFUSE),
		.hold_on_break = settings_value(settings, KEY_ON_BREAK) &&
				 !cannot_hold(settings),
		.guard_shmem = settings_value(settings, KEY_SHMEM),
		.page_cache_write =
			settings_value(settings, KEY_PAGE_CACHE_WRITE),
		.grace_ms = settings_value(settings, KEY_GRACE_MS),
		.on_refuse_is_set =
			settings->of[KEY_ON_REFUSE].line != LINE_NOT_SET,
	};
}
