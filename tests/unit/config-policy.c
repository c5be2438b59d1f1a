// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Which policy a file gets: default < program < path < environment, and of the
 * paths the longest.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/configured.h"
#include "lib/test.h"

static const struct policy safe;

CASE(layers__each_over_the_one_below)
{
	struct configured c;

	/* In an order that does not matter */
	configured_text("[path /f]\nguard=odp\n"
			"[program " PROGRAM "]\nguard=lease\ngrace_ms=2\n"
			"[default]\nguard=layout\ngrace_ms=1\nshmem=guard\n");
	c = configured_silently(NULL, "/g");
	assert_policy(c.policy, (struct policy){ .guard = GUARD_LEASE,
						 .guard_shmem = true,
						 .grace_ms = 2 });
	c = configured_silently(NULL, "/f");
	assert_policy(c.policy, (struct policy){ .guard = GUARD_ODP,
						 .guard_shmem = true,
						 .grace_ms = 2 });
	c = configured_silently("PINSAFE_GUARD=none", "/f");
	assert_policy(c.policy, (struct policy){ .guard = GUARD_NONE,
						 .guard_shmem = true,
						 .grace_ms = 2 });
	c = configured_silently("PINSAFE_GUARD=auto", "/g");
	assert_policy(c.policy,
		      (struct policy){ .guard_shmem = true, .grace_ms = 2 });
}

/* Who installs pinsafe for all programs must not make one of them fail. */
CASE(in_all_programs__warns_unless_told)
{
	configured_text("[path /f]\non_refuse=fail\n"
			"[path /w]\non_refuse=warn\n");
	assert_false(configured_silently(NULL, "/g").policy.warn_on_refuse);
	assert_true(configured_silently(NULL, "/g").warns_uninvited);
	assert_true(configured_silently(NULL, NULL).warns_uninvited);
	assert_false(configured_silently(NULL, "/f").warns_uninvited);
	assert_true(configured_silently(NULL, "/w").warns_uninvited);
	assert_false(configured_silently("PINSAFE_ON_REFUSE=fail", "/w")
			     .warns_uninvited);
	assert_false(configured_silently("PINSAFE_STRICT=1", "/g")
			     .warns_uninvited);
}

CASE(layers__of_the_process)
{
	struct configured c;

	configured_text("[default]\nsignal=50\nretake_ms=1\n"
			"[program " PROGRAM "]\nsignal=51\n");
	c = configured_silently(NULL, NULL);
	assert_int_equal(c.config.signal, 51);
	assert_int_equal(c.config.retake_ms, 1);
	c = configured_silently("PINSAFE_SIGNAL=52", NULL);
	assert_int_equal(c.config.signal, 52);
	assert_int_equal(c.config.retake_ms, 1);
	c = configured_silently("PINSAFE_RETAKE_MS=3", NULL);
	assert_int_equal(c.config.signal, 51);
	assert_int_equal(c.config.retake_ms, 3);
}

CASE(environment__each_variable)
{
	static const struct {
		const char *variable;
		struct policy policy;
	} cases[] = {
		{ "PINSAFE_GUARD=auto",
		  { GUARD_AUTO, true, true, true, true, 9, true } },
		{ "PINSAFE_GUARD=layout",
		  { GUARD_LAYOUT, true, true, true, true, 9, true } },
		{ "PINSAFE_ON_REFUSE=fail",
		  { GUARD_NONE, false, true, true, true, 9, true } },
		{ "PINSAFE_ON_BREAK=revoke",
		  { GUARD_NONE, true, false, true, true, 9, true } },
		{ "PINSAFE_SHMEM=pass",
		  { GUARD_NONE, true, true, false, true, 9, true } },
		{ "PINSAFE_PAGE_CACHE_WRITE=no",
		  { GUARD_NONE, true, true, true, false, 9, true } },
		{ "PINSAFE_GRACE_MS=600000",
		  { GUARD_NONE, true, true, true, true, 600000, true } },
	};
	size_t i;

	configured_text("[path /f]\nguard=none\non_refuse=warn\n"
			"on_break=hold\nshmem=guard\npage_cache_write=yes\n"
			"grace_ms=9\n");
	for (i = 0; i < N_OF(cases); i++)
		assert_policy(
			configured_silently(cases[i].variable, "/f").policy,
			cases[i].policy);
	configured_text("");
	assert_true(configured_silently("PINSAFE_ON_REFUSE=warn", "/f")
			    .policy.warn_on_refuse);
	assert_true(configured_silently("PINSAFE_ON_BREAK=hold", "/f")
			    .policy.hold_on_break);
	assert_true(configured_silently("PINSAFE_SHMEM=guard", "/f")
			    .policy.guard_shmem);
	assert_true(configured_silently("PINSAFE_PAGE_CACHE_WRITE=yes", "/f")
			    .policy.page_cache_write);
}

/* Also where the file is not safe, as what was meant may have been. */
CASE(environment__bad_value)
{
	static const struct {
		const char *variable, *want;
		struct policy policy;
	} cases[] = {
		{ "PINSAFE_GUARD=off",
		  "auto, layout, lease, odp or none: using the default, auto",
		  { GUARD_AUTO, true, true, true, true, 9, true } },
		{ "PINSAFE_ON_REFUSE=",
		  "fail or warn: using the default, fail",
		  { GUARD_NONE, false, true, true, true, 9, true } },
		{ "PINSAFE_ON_BREAK=1",
		  "revoke or hold: using the default, revoke",
		  { GUARD_NONE, true, false, true, true, 9, true } },
		{ "PINSAFE_SHMEM=yes",
		  "pass or guard: using the default, pass",
		  { GUARD_NONE, true, true, false, true, 9, true } },
		{ "PINSAFE_PAGE_CACHE_WRITE=1",
		  "no or yes: using the default, no",
		  { GUARD_NONE, true, true, true, false, 9, true } },
		{ "PINSAFE_GRACE_MS=600001",
		  "a number from 0 to 600000: using the default, 0",
		  { GUARD_NONE, true, true, true, true, 0, true } },
	};
	struct configured c;
	char expected[256];
	size_t i;

	configured_text("[path /f]\nguard=none\non_refuse=warn\n"
			"on_break=hold\nshmem=guard\npage_cache_write=yes\n"
			"grace_ms=9\n");
	for (i = 0; i < N_OF(cases); i++) {
		snprintf(expected, sizeof(expected),
			 "pinsafe: config: %s is not %s\n", cases[i].variable,
			 cases[i].want);
		assert_string_equal(configured(cases[i].variable, "/f", &c),
				    expected);
		assert_policy(c.policy, cases[i].policy);
	}
}

CASE(program__others_do_not_count)
{
	configured_text("[program other]\nguard=none\nsignal=50\n"
			"[program " PROGRAM "s]\nguard=none\n"
			"[program prog]\nguard=none\n"
			"[program /bin/" PROGRAM "]\nguard=none\n");
	assert_policy(configured_silently(NULL, "/f").policy, safe);
}

CASE(section__twice_is_one)
{
	configured_text("[path /f]\nguard=odp\nshmem=guard\n[default]\n"
			"[path /f/]\nguard=none\n");
	assert_policy(
		configured_silently(NULL, "/f").policy,
		(struct policy){ .guard = GUARD_NONE, .guard_shmem = true });
}

CASE(path__longest_wins)
{
	static const char *const orders[] = {
		"[path /a]\nguard=layout\n[path /a/b/c]\nguard=odp\n"
		"[path /a/b]\nguard=lease\n",
		"[path /a/b/c]\nguard=odp\n[path /a/b]\nguard=lease\n"
		"[path /a]\nguard=layout\n",
		"[path /a/b]\nguard=lease\n[path /a]\nguard=layout\n"
		"[path /a/b/c]\nguard=odp\n",
	};
	size_t i;

	for (i = 0; i < N_OF(orders); i++) {
		configured_text(orders[i]);
		assert_int_equal(configured_guard("/a/x"), GUARD_LAYOUT);
		assert_int_equal(configured_guard("/a/b/x"), GUARD_LEASE);
		assert_int_equal(configured_guard("/a/b/c/x/y"), GUARD_ODP);
		assert_int_equal(configured_guard("/b/c"), GUARD_AUTO);
	}
}

CASE(path__only_the_longest_counts)
{
	configured_text("[default]\ngrace_ms=7\n"
			"[path /a]\nguard=none\n[path /a/b]\nshmem=guard\n");
	assert_policy(configured_silently(NULL, "/a/b/c").policy,
		      (struct policy){ .guard_shmem = true, .grace_ms = 7 });
}

CASE(path__component_boundary)
{
	configured_text("[path /mnt/pm]\nguard=none\n");
	assert_int_equal(configured_guard("/mnt/pm"), GUARD_NONE);
	assert_int_equal(configured_guard("/mnt/pm/x"), GUARD_NONE);
	assert_int_equal(configured_guard("/mnt/pmem/x"), GUARD_AUTO);
	assert_int_equal(configured_guard("/mnt/pm0"), GUARD_AUTO);
	assert_int_equal(configured_guard("/mnt/p"), GUARD_AUTO);
	assert_int_equal(configured_guard("/mnt"), GUARD_AUTO);
	assert_int_equal(configured_guard("/x/mnt/pm/x"), GUARD_AUTO);
	configured_text("[path /mnt/pm/]\nguard=none\n");
	assert_int_equal(configured_guard("/mnt/pm/x"), GUARD_NONE);
	assert_int_equal(configured_guard("/mnt/pmem/x"), GUARD_AUTO);
}

CASE(path__root_is_every_file)
{
	configured_text("[path /]\nguard=none\n[path /a]\nguard=odp\n");
	assert_int_equal(configured_guard("/b"), GUARD_NONE);
	assert_int_equal(configured_guard("/b/c"), GUARD_NONE);
	assert_int_equal(configured_guard("/a/c"), GUARD_ODP);
	assert_int_equal(configured_guard("[heap]"), GUARD_AUTO);
}

CASE(path__deleted)
{
	configured_text("[path /mnt/pm/f]\nguard=none\n"
			"[path /mnt]\nguard=odp\n");
	assert_int_equal(configured_guard("/mnt/pm/f (deleted)"), GUARD_NONE);
	assert_int_equal(configured_guard("/mnt/pm/f/x (deleted)"), GUARD_NONE);
	assert_int_equal(configured_guard("/mnt/pm/f (deleted)x"), GUARD_ODP);
	assert_int_equal(configured_guard("/mnt/pm/f (delete"), GUARD_ODP);
	assert_int_equal(configured_guard("/mnt/pm/ff (deleted)"), GUARD_ODP);
}

CASE(no_path__default)
{
	configured_text("[default]\nguard=odp\n[path /]\nguard=none\n");
	assert_int_equal(configured_guard(NULL), GUARD_ODP);
	/* Not the root directory, though its prefix is kept as "" */
	assert_int_equal(configured_guard(""), GUARD_ODP);
}

CASE(hold__with_guards_that_can)
{
	static const char *const guards[] = { "auto", "layout", "none" };
	char text[128];
	size_t i;

	for (i = 0; i < N_OF(guards); i++) {
		snprintf(text, sizeof(text),
			 "[default]\non_break=hold\nguard=%s\n", guards[i]);
		configured_text(text);
		assert_true(
			configured_silently(NULL, "/f").policy.hold_on_break);
	}
}

CASE(hold__with_guards_that_cannot)
{
	char text[128], what[PATH_MAX + 128];
	static const char *const guards[] = { "lease", "odp" };
	struct configured c;
	size_t i;

	for (i = 0; i < N_OF(guards); i++) {
		snprintf(text, sizeof(text),
			 "[default]\non_break=hold\nguard=%s\n"
			 "[path /a]\n[path /b]\n",
			 guards[i]);
		configured_text(text);
		snprintf(what, sizeof(what),
			 "on_break=hold needs a layout lease, which guard=%s "
			 "(%s:3) is not: on_break=revoke is kept",
			 guards[i], configured_file.path);
		assert_reported(configured(NULL, "/a", &c), 2, what);
		assert_false(c.policy.hold_on_break);
	}
}

CASE(hold__conflict_of_layers)
{
	char what[PATH_MAX + 128];
	struct configured c;

	configured_text("[default]\non_break=hold\n[path /f]\nguard=lease\n");
	snprintf(what, sizeof(what),
		 "on_break=hold needs a layout lease, which guard=lease (%s:4) "
		 "is not: on_break=revoke is kept",
		 configured_file.path);
	assert_reported(configured(NULL, "/f", &c), 2, what);
	assert_policy(c.policy, (struct policy){ .guard = GUARD_LEASE });
	assert_reported(configured(NULL, "/g", &c), 2, what);
	assert_policy(c.policy, (struct policy){ .hold_on_break = true });
}

CASE(hold__conflict_with_environment)
{
	static const char what[] =
		"on_break=hold needs a layout lease, which guard=odp "
		"(the environment) is not: on_break=revoke is kept";
	char expected[PATH_MAX + 256];
	struct configured c;

	configured_text("[path /f]\non_break=hold\n");
	assert_reported(configured("PINSAFE_GUARD=odp", "/f", &c), 2, what);
	assert_policy(c.policy, (struct policy){ .guard = GUARD_ODP });

	configured_text("\n[path /f]\nguard=odp\n");
	snprintf(expected, sizeof(expected),
		 "pinsafe: config: the environment: on_break=hold needs a "
		 "layout lease, which guard=odp (%s:3) is not: "
		 "on_break=revoke is kept\n",
		 configured_file.path);
	assert_string_equal(configured("PINSAFE_ON_BREAK=hold", "/f", &c),
			    expected);
	assert_policy(c.policy, (struct policy){ .guard = GUARD_ODP });
}

static bool may_guard_shmem(const char *variable, const char *text)
{
	configured_text(text);
	return configured_silently(variable, NULL).may_guard_shmem;
}

CASE(may_guard_shmem__any_path)
{
	static const char path[] = "[path /dev/shm]\nshmem=guard\n[path /f]\n";

	assert_false(may_guard_shmem(NULL, ""));
	assert_true(may_guard_shmem(NULL, "[default]\nshmem=guard\n"));
	assert_true(may_guard_shmem(NULL, path));
	assert_true(may_guard_shmem("PINSAFE_SHMEM=guard", ""));
	assert_false(may_guard_shmem("PINSAFE_SHMEM=pass", path));
	assert_false(may_guard_shmem(NULL, "[program other]\nshmem=guard\n"));
	assert_true(may_guard_shmem(NULL, "[default]\nshmem=guard\n"
					  "[path /]\nshmem=pass\n"));
}

CASE(bypass__listed)
{
	static const char *const lists[] = {
		PROGRAM,	   PROGRAM ":x",     "x:" PROGRAM,
		"x:" PROGRAM ":y", "::" PROGRAM ":",
	};
	char variable[128];
	size_t i;

	configured_text("");
	for (i = 0; i < N_OF(lists); i++) {
		snprintf(variable, sizeof(variable), "PINSAFE_BYPASS=%s",
			 lists[i]);
		assert_true(configured_silently(variable, NULL).config.off);
	}
}

CASE(bypass__no_word_of_the_file)
{
	configured_text("guard");
	assert_true(configured_silently("PINSAFE_BYPASS=" PROGRAM, NULL)
			    .config.off);
}

CASE(bypass__not_listed)
{
	static const char *const lists[] = {
		"",
		":",
		"x",
		PROGRAM "s",
		"prog",
		"x" PROGRAM,
		PROGRAM " :x",
		"/" PROGRAM,
		"x:y",
		"PROGRAM",
		PROGRAM "," PROGRAM,
	};
	char variable[128];
	size_t i;

	configured_text("");
	for (i = 0; i < N_OF(lists); i++) {
		snprintf(variable, sizeof(variable), "PINSAFE_BYPASS=%s",
			 lists[i]);
		assert_false(configured_silently(variable, NULL).config.off);
	}
}
