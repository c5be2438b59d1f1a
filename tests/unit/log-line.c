// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Log lines: which are written, how, and that nobody notices. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "fakes/fake_write.h"
#include "lib/files.h"
#include "lib/test.h"

static struct file log_file;

static int setup(void **state)
{
	file_make(&log_file, DISK, 0);
	log_setup(LOG_LEVEL_WARN, log_file.path);
	fake_write_calls = 0;
	fake_write_errno = 0;
	return 0;
}

static int teardown(void **state)
{
	log_setup(LOG_LEVEL_WARN, NULL);
	file_put(&log_file);
	return 0;
}

#define LOG_CASE(fn) CASE_WITH(fn, setup, teardown)

LOG_CASE(level__those_below_are_dropped)
{
	log_error("1");
	log_warn("2");
	log_info("3");
	log_debug("4");
	assert_string_equal(file_text(log_file.path),
			    "pinsafe: 1\npinsafe: 2\n");
}

LOG_CASE(level_error__errors_only)
{
	log_setup(LOG_LEVEL_ERROR, log_file.path);
	log_error("1");
	log_warn("2");
	assert_string_equal(file_text(log_file.path), "pinsafe: 1\n");
}

LOG_CASE(level_debug__all)
{
	log_setup(LOG_LEVEL_DEBUG, log_file.path);
	log_error("1");
	log_warn("2");
	log_info("3");
	log_debug("%d", 4);
	assert_string_equal(file_text(log_file.path),
			    "pinsafe: 1\npinsafe: 2\npinsafe: 3\npinsafe: 4\n");
}

LOG_CASE(file__is_appended_to)
{
	assert_int_equal(write(log_file.fd, "old\n", 4), 4);
	log_warn("new");
	assert_string_equal(file_text(log_file.path), "old\npinsafe: new\n");
}

LOG_CASE(file__is_created)
{
	assert_int_equal(unlink(log_file.path), 0);
	log_warn("new");
	assert_string_equal(file_text(log_file.path), "pinsafe: new\n");
}

LOG_CASE(file__stays_closed_between_lines)
{
	int before = dup(0), after;

	close(before);
	log_warn("line");
	after = dup(0);
	close(after);
	assert_int_equal(before, after);
}

LOG_CASE(file_in_no_directory__standard_error)
{
	log_setup(LOG_LEVEL_WARN, "/dev/null/log");
	errno = EDOM;
	log_warn("line");
	assert_int_equal(errno, EDOM);
	assert_int_equal(fake_write_calls, 1);
}

LOG_CASE(line__one_write)
{
	log_warn("%s %d", "a line of several", 5);
	assert_int_equal(fake_write_calls, 1);
}

LOG_CASE(line__1023_bytes_whole)
{
	char text[1015];

	/* with "pinsafe: " 1023 bytes, and the newline */
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	log_warn("%s", text);
	assert_int_equal(strlen(file_text(log_file.path)), 1024);
	assert_int_equal(fake_write_calls, 1);
}

LOG_CASE(line__too_long_is_cut)
{
	static char text[5000];
	const char *line;

	memset(text, 'x', sizeof(text) - 1);
	log_warn("%s", text);
	line = file_text(log_file.path);
	assert_int_equal(strlen(line), 1024);
	assert_ptr_equal(strchr(line, '\n'), line + 1023);
	assert_int_equal(fake_write_calls, 1);
}

LOG_CASE(errno__kept)
{
	errno = EDOM;
	log_warn("written");
	assert_int_equal(errno, EDOM);
	log_debug("dropped");
	assert_int_equal(errno, EDOM);
}

LOG_CASE(errno__kept_if_the_disk_is_full)
{
	fake_write_errno = ENOSPC;
	errno = EDOM;
	log_warn("line");
	assert_int_equal(errno, EDOM);
	assert_int_equal(fake_write_calls, 1);
}

LOG_CASE(pipe_without_reader__not_waited_for)
{
	assert_false(unlink(log_file.path));
	assert_false(mkfifo(log_file.path, 0600));
	log_error("1");
	assert_int_equal(fake_write_calls, 0);
}
