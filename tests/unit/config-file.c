// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What pinsafe.conf may say.  Whatever it may not say is named in the log with
 * file and line, and what is left is the safe default.
 */
#include <ini.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/configured.h"
#include "lib/test.h"

/* Unsafe in every key, so that a safe value below is seen to be there. */
#define UNSAFE                                                                \
	"[default]\nguard=none\non_refuse=warn\non_break=hold\nshmem=guard\n" \
	"page_cache_write=yes\ngrace_ms=1\nsignal=50\nretake_ms=1\n"
#define UNSAFE_LINES 9

#define NOT_A_HEADING \
	" is not [default], [program NAME] or [path PREFIX]: section ignored"
#define NOT_ABSOLUTE                                                      \
	" is not an absolute path without \"//\", \".\" and \"..\": section " \
	"ignored"

static const struct policy safe;
static const struct policy unsafe = { GUARD_NONE, true, true, true,
				      true,	  1,	true };

static void assert_safe(const struct configured *c)
{
	assert_policy(c->policy, safe);
	assert_int_equal(c->config.signal, SIGRTMAX - 2);
	assert_int_equal(c->config.retake_ms, 2000);
	assert_false(c->config.off);
	assert_int_equal(c->error, 0);
}

static struct configured accepted(const char *text)
{
	configured_text(text);
	return configured_silently(NULL, "/f");
}

static void accepted_as_safe(const char *text)
{
	struct configured c = accepted(text);

	assert_safe(&c);
}

/* One line, of which @what is said, leaves the safe defaults. */
static void refused_bytes(const char *text, size_t n, int line,
			  const char *what)
{
	struct configured c;

	configured_write(text, n);
	assert_reported(configured(NULL, "/f", &c), line, what);
	assert_safe(&c);
}

static void refused(const char *text, int line, const char *what)
{
	refused_bytes(text, strlen(text), line, what);
}

CASE(empty__defaults)
{
	accepted_as_safe("");
	accepted_as_safe(
		"# guard=none\n\n ; guard=none\n[default]\n[path /f]\n");
}

CASE(key__each_value)
{
	static const char *const guards[] = { "auto", "layout", "lease", "odp",
					      "none" };
	struct configured c;
	char text[64];
	int i;

	for (i = GUARD_AUTO; i <= GUARD_NONE; i++) {
		snprintf(text, sizeof(text), "[default]\nguard=%s\n",
			 guards[i]);
		c = accepted(text);
		assert_policy(c.policy, (struct policy){ .guard = i });
	}
	accepted_as_safe("[default]\non_refuse=fail\non_break=revoke\n"
			 "shmem=pass\npage_cache_write=no\ngrace_ms=0\n");
	c = accepted("[default]\non_refuse=warn\n");
	assert_policy(c.policy, (struct policy){ .warn_on_refuse = true });
	c = accepted("[default]\non_break=hold\n");
	assert_policy(c.policy, (struct policy){ .hold_on_break = true });
	c = accepted("[default]\nshmem=guard\n");
	assert_policy(c.policy, (struct policy){ .guard_shmem = true });
	c = accepted("[default]\ngrace_ms=600000\n");
	assert_policy(c.policy, (struct policy){ .grace_ms = 600000 });
	c = accepted("[default]\nsignal=64\nretake_ms=2147483647\n");
	assert_int_equal(c.config.signal, 64);
	assert_int_equal(c.config.retake_ms, 2147483647);
	c = accepted(UNSAFE);
	assert_policy(c.policy, unsafe);
	assert_int_equal(c.config.signal, 50);
	assert_int_equal(c.config.retake_ms, 1);
}

CASE(key__bad_value)
{
	static const struct {
		const char *key, *want, *def, *values[7];
	} bad[] = {
		{ "guard",
		  "auto, layout, lease, odp or none",
		  "auto",
		  { "", "Auto", "0", "layout,lease", "none # off", "no" } },
		{ "on_refuse", "fail or warn", "fail", { "", "error", "1" } },
		{ "on_break", "revoke or hold", "revoke", { "", "yes", "1" } },
		{ "shmem", "pass or guard", "pass", { "", "lease", "1" } },
		{ "page_cache_write", "no or yes", "no", { "", "1", "Yes" } },
		{ "grace_ms",
		  "a number from 0 to 600000",
		  "0",
		  { "", "-1", "600001", "1s", "99999999999999999999", "1e3" } },
		{ "retake_ms",
		  "a number from 0 to 2147483647",
		  "2000",
		  { "", "-1", "2147483648", "never" } },
	};
	char text[512], what[256];
	size_t i, j;

	for (i = 0; i < N_OF(bad); i++) {
		for (j = 0; !j || bad[i].values[j]; j++) {
			snprintf(text, sizeof(text), "[default]\n\n%s = %s\n",
				 bad[i].key, bad[i].values[j]);
			snprintf(what, sizeof(what),
				 "%s=%s is not %s: using the default, %s",
				 bad[i].key, bad[i].values[j], bad[i].want,
				 bad[i].def);
			refused(text, 3, what);
		}
	}
	snprintf(
		what, sizeof(what),
		"signal=9 is not a number from %d to %d: using the default, %d",
		SIGRTMIN, SIGRTMAX, SIGRTMAX - 2);
	refused("[default]\nsignal=9\n", 2, what);
}

/* What was meant may have been stricter than what is said below. */
CASE(bad_value__hides_what_is_below)
{
	struct configured c;

	configured_text(UNSAFE "[path /f]\nguard=layuot\n");
	assert_reported(configured(NULL, "/f", &c), UNSAFE_LINES + 2,
			"guard=layuot is not auto, layout, lease, odp or none: "
			"using the default, auto");
	assert_policy(c.policy,
		      (struct policy){ GUARD_AUTO, true, true, true, true, 1, true });
	assert_string_not_equal(configured(NULL, "/g", &c), "");
	assert_policy(c.policy, unsafe);
}

CASE(key__unknown)
{
	refused("[default]\nguards=none\n", 2, "guards is not a key: ignored");
	refused("[path /f]\n\n\nGuard=none\n", 4,
		"Guard is not a key: ignored");
	refused("[program other]\nx=1\n", 2, "x is not a key: ignored");
	refused("[path /f]\nPINSAFE_GUARD=none\n", 2,
		"PINSAFE_GUARD is not a key: ignored");
}

CASE(key__in_the_wrong_place)
{
	refused("guard=none\n[default]\n", 1,
		"guard is before the first section: ignored");
	refused("[path /f]\nsignal=50\n", 2,
		"signal is for [default] and [program] only: ignored");
	refused("[path /f]\nretake_ms=1\n", 2,
		"retake_ms is for [default] and [program] only: ignored");
}

CASE(line__not_a_key)
{
	static const char what[] = "not \"key = value\": ignored";

	refused("[default]\nguard none\n", 2, what);
	refused("[path /f]\nnone", 2, what);
	refused("x\n", 1, what);
}

CASE(line__each_mistake_named)
{
	struct configured c;
	char expected[4 * PATH_MAX + 512];
	const char *name = configured_file.path;

	configured_text("x\n[default]\ny\nguard=x\n[z]\n");
	snprintf(expected, sizeof(expected),
		 "pinsafe: config: %s:1: not \"key = value\": ignored\n"
		 "pinsafe: config: %s:3: not \"key = value\": ignored\n"
		 "pinsafe: config: %s:4: guard=x is not auto, layout, lease, "
		 "odp or none: using the default, auto\n"
		 "pinsafe: config: %s:5: [z]" NOT_A_HEADING "\n",
		 name, name, name, name);
	assert_string_equal(configured(NULL, "/f", &c), expected);
}

/* The settings of libinih are the program's. */
CASE(line__after_a_mistake_where_libinih_stops)
{
	struct configured c;

	configured_text("[default]\nx\nguard=layout\n");
	ini_stop_on_first_error = true;
	assert_reported(configured(NULL, "/f", &c), 2,
			"not \"key = value\": ignored");
	assert_int_equal(c.policy.guard, GUARD_LAYOUT);
	refused("[default]\nx", 2, "not \"key = value\": ignored");
	ini_stop_on_first_error = false;
}

CASE(heading__unknown)
{
	static const char *const names[] = {
		"Default", "",		"defaults",   "path",
		"path ",   "paths /f",	"program",    "/f",
		"path/f",  "default x", "programs x",
	};
	char text[128], what[128];
	size_t i, n;

	for (i = 0; i < N_OF(names); i++) {
		snprintf(text, sizeof(text), "\n[%s]\nguard=none\n", names[i]);
		/* Without the space at the end */
		n = strlen(names[i]);
		if (n && names[i][n - 1] == ' ')
			n--;
		snprintf(what, sizeof(what), "[%.*s]" NOT_A_HEADING, (int)n,
			 names[i]);
		refused(text, 2, what);
	}
}

CASE(heading__broken)
{
	refused("[default\nguard=none\n", 1,
		"heading without \"]\": section ignored");
	refused("[path /f] x\nguard=none\n", 1,
		"text after \"]\": section ignored");
	refused("[path /f]]\nguard=none\n", 1,
		"text after \"]\": section ignored");
}

/* A prefix as the kernel never writes it would silently count for nothing. */
CASE(heading__prefix_not_canonical)
{
	static const char *const prefixes[] = { "f",	 "./f",	  "../f",
						"//f",	 "/a//f", "/f//",
						"/./f",	 "/f/.",  "/a/../f",
						"/f/..", "~/f" };
	char text[128], what[128];
	size_t i;

	for (i = 0; i < N_OF(prefixes); i++) {
		snprintf(text, sizeof(text), "[path %s]\nguard=none\n",
			 prefixes[i]);
		snprintf(what, sizeof(what), "%s" NOT_ABSOLUTE, prefixes[i]);
		refused(text, 1, what);
	}
	assert_int_equal(accepted("[path /f/]\nguard=none\n").policy.guard,
			 GUARD_NONE);
	configured_text("[path /.f]\nguard=none\n[path /f/..g]\nguard=odp\n");
	assert_int_equal(configured_guard("/.f"), GUARD_NONE);
	assert_int_equal(configured_guard("/f/..g"), GUARD_ODP);
}

CASE(heading__bad_keys_go_nowhere)
{
	refused("[default]\n[paht /mnt]\nguard=none\n", 2,
		"[paht /mnt]" NOT_A_HEADING);
	refused("[default]\n[path /mnt\nguard=none\n", 2,
		"heading without \"]\": section ignored");
	refused("[default]\n[path mnt]\nguard=none\n", 2, "mnt" NOT_ABSOLUTE);
}

CASE(spaces__do_not_count)
{
	struct configured c;

	c = accepted("  [ path  /f ]  ; here\r\n\tguard =\tnone ; none\r\n"
		     "\t\ton_refuse= warn\r\n   shmem: guard");
	assert_policy(c.policy, (struct policy){ .guard = GUARD_NONE,
						 .warn_on_refuse = true,
						 .guard_shmem = true });
}

CASE(prefix__with_spaces)
{
	configured_text("[path /mnt/my files;1]\nguard=none\n");
	assert_int_equal(configured_guard("/mnt/my files;1/f"), GUARD_NONE);
}

/* A line with @n characters in front of @rest */
static void long_line(char *text, const char *start, char c, int n,
		      const char *rest)
{
	text = stpcpy(text, start);
	memset(text, c, n);
	strcpy(text + n, rest);
}

CASE(line__too_long)
{
	static char text[200000];
	static const int lengths[] = { 300, 5000, 150000 };
	size_t i;

	for (i = 0; i < N_OF(lengths); i++) {
		long_line(text, "[path /f]\nguard=", 'n', lengths[i],
			  "\non_break=revoke\n");
		refused(text, 2, "longer than 198 characters: ignored");
		long_line(text, "[default]\nguard=none", ' ', lengths[i],
			  "x\n");
		refused(text, 2, "longer than 198 characters: ignored");
	}
	long_line(text, "[default]\n[path /", 'f', 5000, "]\nguard=none\n");
	refused(text, 2, "longer than 4096 characters: section ignored");
	/* A comment may be as long as it likes. */
	long_line(text, "#", '=', 5000, "\n[default]\nguard=none\n");
	assert_int_equal(accepted(text).policy.guard, GUARD_NONE);
}

CASE(line__at_the_limit)
{
	char text[512];

	long_line(text, "[default]\nguard=", ' ', 198 - 10, "none\n");
	assert_int_equal(accepted(text).policy.guard, GUARD_NONE);
	long_line(text, "[default]\nguard=", ' ', 198 - 10, "none");
	assert_int_equal(accepted(text).policy.guard, GUARD_NONE);
	long_line(text, "[default]\nguard=", ' ', 198 - 9, "none\n");
	refused(text, 2, "longer than 198 characters: ignored");
}

CASE(line__end_in_the_middle)
{
	refused("[default]\rguard=none\r", 1,
		"text after \"]\": section ignored");
}

CASE(line__null_byte)
{
	static const char key[] = "[default]\nguard=none\0\n";
	static const char heading[] = "[default]\n[path /x\0]\nguard=none\n";
	static const char what[] = "has a null byte: ignored";

	refused_bytes(key, sizeof(key) - 1, 2, what);
	refused_bytes(heading, sizeof(heading) - 1, 2, what);
}

/* With what is commented out as an example put in */
CASE(example__is_the_defaults)
{
	static char text[8192];
	char *line;

	snprintf(text, sizeof(text), "%s", file_text(EXAMPLE));
	for (line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (*line == ';')
			*line = ' ';
	}
	accepted_as_safe(text);
	assert_int_equal(configured_guard("/mnt/pmem/f"), GUARD_LAYOUT);
}
