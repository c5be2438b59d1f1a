// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Which file is read.  One that is asked for and cannot be read is reported;
 * the safe defaults hold then, not what another file says.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/configured.h"
#include "lib/test.h"

static const struct policy safe;

static void default_file_write(const char *text)
{
	FILE *stream = fopen(PINSAFE_CONFIG_FILE, "we");

	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static int default_file_remove(void **state)
{
	unlink(PINSAFE_CONFIG_FILE);
	return 0;
}

#define OPEN_CASE(fn) CASE_WITH(fn, NULL, default_file_remove)

/*
 * With PINSAFE_CONFIG=@name; @error says why it cannot be read.  There is a
 * default file, which must not count.
 */
static void refused_only(const char *name, const char *error)
{
	char variable[PATH_MAX + 32], expected[PATH_MAX + 128];
	struct configured c;

	snprintf(variable, sizeof(variable), "PINSAFE_CONFIG=%s", name);
	snprintf(expected, sizeof(expected),
		 "pinsafe: config: %s cannot be read: %s: ignored\n", name,
		 error);
	assert_string_equal(configured(variable, "/f", &c), expected);
	assert_policy(c.policy, safe);
	assert_int_equal(c.error, 0);
}

static void refused(const char *name, const char *error)
{
	default_file_write("[default]\nguard=none\n");
	refused_only(name, error);
}

OPEN_CASE(nothing_there__silent)
{
	struct configured c = configured_silently("PINSAFE_CONFIG=", "/f");

	assert_policy(c.policy, safe);
	assert_int_equal(c.error, 0);
}

OPEN_CASE(default_file__read)
{
	default_file_write("[default]\nguard=layout\n");
	assert_int_equal(
		configured_silently("PINSAFE_CONFIG=", "/f").policy.guard,
		GUARD_LAYOUT);
}

OPEN_CASE(default_file__unreadable)
{
	struct configured c;

	assert_int_equal(mkdir(PINSAFE_CONFIG_FILE, 0700), 0);
	assert_string_equal(configured("PINSAFE_CONFIG=", "/f", &c),
			    "pinsafe: config: " PINSAFE_CONFIG_FILE
			    " cannot be read: Is a directory: ignored\n");
	assert_policy(c.policy, safe);
	assert_int_equal(rmdir(PINSAFE_CONFIG_FILE), 0);
}

OPEN_CASE(named_file__instead_of_default)
{
	default_file_write("[default]\nguard=none\nshmem=guard\n");
	configured_text("[default]\nguard=layout\n");
	assert_policy(configured_silently(NULL, "/f").policy,
		      (struct policy){ .guard = GUARD_LAYOUT });
}

OPEN_CASE(dev_null__no_file)
{
	default_file_write("[default]\nguard=none\n");
	assert_policy(
		configured_silently("PINSAFE_CONFIG=/dev/null", "/f").policy,
		safe);
}

OPEN_CASE(missing__reported)
{
	refused("/nonexistent/pinsafe.conf", "No such file or directory");
	refused("nonexistent", "No such file or directory");
	refused("/dev/null/x", "Not a directory");
}

OPEN_CASE(not_a_file__reported)
{
	char fifo[PATH_MAX + 8];

	refused("/", "Is a directory");
	refused("/dev/zero", "Invalid argument");
	/* Nobody writes to it; it must not be waited for. */
	snprintf(fifo, sizeof(fifo), "%s.fifo", configured_file.path);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	refused(fifo, "Invalid argument");
	unlink(fifo);
}

OPEN_CASE(large__reported)
{
	configured_text("[default]\nguard=none\n");
	assert_int_equal(ftruncate(configured_file.fd, 2 << 20), 0);
	refused(configured_file.path, "File too large");
}

OPEN_CASE(not_permitted__reported)
{
	configured_text("[default]\nguard=none\n");
	assert_int_equal(fchmod(configured_file.fd, 0), 0);
	assert_int_equal(fchmod(configured_log.fd, 0666), 0);
	default_file_write("[default]\nguard=none\n");
	/* The default file may be in a directory of root's alone now. */
	privileges_drop();
	refused_only(configured_file.path, "Permission denied");
	privileges_regain();
	assert_int_equal(fchmod(configured_file.fd, 0600), 0);
}

int main(void)
{
	default_file_remove(NULL);
	return run_cases();
}
