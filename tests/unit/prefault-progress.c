// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* How far a long prefault is: who is told, and how often */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "fakes/fake_clock.h"
#include "lib/files.h"
#include "lib/record.h"
#include "lib/test.h"
#include "memory/prefault.h"

#define MIB (1ul << 20)

static struct file log_file;
static struct section section;
static struct progress progress;
static struct reg_options options;
static int answer;

static int tell(size_t done, size_t total, void *user_data)
{
	record("%zu/%zu", done / MIB, total / MIB);
	assert_ptr_equal(user_data, &answer);
	return answer;
}

static void begin(const struct reg_options *wanted)
{
	progress_begin(&progress, wanted, &section);
	progress.total = 300 * MIB;
	progress.done_before = 100 * MIB;
	progress.path = "/file";
	assert_int_equal(progress_made(&progress, 0), 0);
}

static int setup(void **state)
{
	file_make(&log_file, DISK, 0);
	log_setup(LOG_LEVEL_INFO, log_file.path);
	section_enter(&section);
	options = (struct reg_options){ .progress = tell, .user_data = &answer };
	answer = 0;
	record_clear();
	fake_clock_ns = NSEC_PER_SEC;
	begin(&options);
	return 0;
}

static int teardown(void **state)
{
	section_leave(&section);
	log_setup(LOG_LEVEL_WARN, NULL);
	file_put(&log_file);
	return 0;
}

#define PROGRESS_CASE(fn) CASE_WITH(fn, setup, teardown)

static int made(uint64_t after_ms, size_t mib)
{
	fake_clock_ns += after_ms * NSEC_PER_MSEC;
	return progress_made(&progress, mib * MIB);
}

PROGRESS_CASE(program__each_tenth_of_a_second_and_at_the_end)
{
	assert_int_equal(made(99, 10), 0);
	assert_record("");
	assert_int_equal(made(1, 20), 0);
	assert_int_equal(made(50, 30), 0);
	assert_int_equal(made(50, 40), 0);
	assert_record("120/300, 140/300");
	assert_int_equal(progress_end(&progress), 0);
	assert_record("300/300");
}

PROGRESS_CASE(program_says_no__ECANCELED)
{
	answer = 1;
	assert_int_equal(made(100, 10), ECANCELED);
	assert_int_equal(progress_end(&progress), ECANCELED);
}

PROGRESS_CASE(nobody_asked__told_to_the_log_alone)
{
	begin(NULL);
	assert_int_equal(made(1000, 10), 0);
	assert_int_equal(progress_end(&progress), 0);
	assert_record("");
	assert_non_null(strstr(file_text(log_file.path), "110 of 300 MiB"));
}

PROGRESS_CASE(log__once_a_second)
{
	begin(NULL);
	made(999, 10);
	assert_string_equal(file_text(log_file.path), "");
	made(101, 20);
	made(900, 30);
	made(100, 40);
	assert_string_equal(
		file_text(log_file.path),
		"pinsafe: guard: /file: 120 of 300 MiB of the range are allocated and present, after 1 s\n"
		"pinsafe: guard: /file: 140 of 300 MiB of the range are allocated and present, after 2 s\n");
}
