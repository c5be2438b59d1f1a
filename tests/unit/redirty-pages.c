// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which pages are made dirty, and what is said if that fails */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "fakes/fake_clock.h"
#include "fakes/fake_madvise.h"
#include "fakes/fake_track.h"
#include "fakes/fake_vma.h"
#include "lib/files.h"
#include "lib/record.h"
#include "lib/test.h"
#include "redirty_aside.h"

static struct file log_file;

static int setup(void **state)
{
	fake_madvise = NEVER;
	memset(&fake_vma, 0, sizeof(fake_vma));
	fake_clock_ns = 1000 * NSEC_PER_SEC;
	memset(&fake_track, 0, sizeof(fake_track));
	record_clear();
	file_make(&log_file, DISK, 0);
	log_setup(LOG_LEVEL_WARN, log_file.path);
	return page_size() == 0x1000 ? 0 : 1;
}

static int teardown(void **state)
{
	assert_false(fake_vma.is_open);
	file_put(&log_file);
	return 0;
}

static const struct mr_range ranges[] = {
	{.start = 0x10000, .end = 0x14000},
	{.start = 0x20000, .end = 0x21000},
};

static void assert_log_has(const char *text)
{
	assert_non_null(strstr(file_text(log_file.path), text));
}

static void whole_pages__as_they_are(void **state)
{
	redirty(ranges, 2, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
	assert_string_equal(file_text(log_file.path), "");
}

static void parts_of_pages__the_whole(void **state)
{
	struct mr_range range = {.start = 0x10123, .end = 0x11001};

	redirty(&range, 1, NULL);
	assert_record("dirty 0x10000+0x2000");
}

static void no_ranges__nothing(void **state)
{
	redirty(NULL, 0, NULL);
	assert_record("");
}

/* Under F_LAYOUT_WRITE */
static void kept_by_the_kernel__left_alone(void **state)
{
	struct mr_range some[] = { ranges[0], ranges[1] };

	some[0].is_kept = true;
	redirty(some, 2, NULL);
	assert_record("dirty 0x20000+0x1000");
}

static void interrupted__again(void **state)
{
	fake_madvise = ONCE(EINTR);
	redirty(ranges, 1, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x10000+0x4000");
}

/* It was unmapped or made read-only just now: nothing could be lost. */
static void nothing_there(int error)
{
	fake_madvise = ONCE(error);
	redirty(ranges, 2, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x10000+0x4000, "
		      "dirty 0x20000+0x1000");
	/* Looked at again, as there may be more behind it */
	assert_int_equal(fake_vma.n_open, 2);
	assert_string_equal(file_text(log_file.path), "");
}

static void unmapped__again(void **state)
{
	nothing_there(ENOMEM);
}

static void read_only__again(void **state)
{
	nothing_there(EINVAL);
}

/* The mapping is there, so it is something else. */
static void out_of_memory__said(void **state)
{
	fake_madvise = ALWAYS(ENOMEM);
	redirty(ranges, 1, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x10000+0x4000");
	assert_log_has("to 16384 bytes, the first at 0x10000, may not get to the file: Cannot allocate memory");
}

static void fails(int error)
{
	fake_madvise = ONCE(error);
	redirty(ranges, 2, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
	assert_log_has("to 16384 bytes, the first at 0x10000, may not get to the file");
}

static void poisoned__said_and_next_range(void **state)
{
	fails(EHWPOISON);
}

/* Or truncated: the file is mapped, but does not have the page */
static void no_space__said_and_next_range(void **state)
{
	fails(EFAULT);
}

static unsigned int n_lines(void)
{
	const char *text = file_text(log_file.path);
	unsigned int n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

static void all_fail__said_once(void **state)
{
	fake_madvise = ALWAYS(EFAULT);
	redirty(ranges, 2, NULL);
	assert_log_has("to 20480 bytes, the first at 0x10000");
	assert_int_equal(n_lines(), 1);
}

static void mappings_not_known__all_of_it(void **state)
{
	fake_vma.open = ALWAYS(EMFILE);
	redirty(ranges, 2, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
}

static void a_mapping_not_known__all_of_it(void **state)
{
	fake_vma.next = ALWAYS(EINVAL);
	redirty(ranges, 2, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
}

static void no_mapping__nothing(void **state)
{
	fake_vma.next = ALWAYS(ENOENT);
	redirty(ranges, 2, NULL);
	assert_record("");
}

#define CHUNK (64ul << 20)

static unsigned int n_asked;

/* The time is over when it was asked for so often. */
static uint64_t until_asked(void *arg)
{
	return ++n_asked < *(unsigned int *)arg ? UINT64_MAX : 0;
}

static const struct mr_range long_range = {.start = 0x10000,
					   .end = 0x10000 + 2 * CHUNK + 0x1000};

static void run_until_asked(unsigned int times)
{
	struct redirty_limit limit = {until_asked, &times};

	n_asked = 0;
	redirty(&long_range, 1, &limit);
}

static void limit__asked_before_each_chunk(void **state)
{
	run_until_asked(4);
	assert_record("dirty 0x10000+0x4000000, dirty 0x4010000+0x4000000, "
		      "dirty 0x8010000+0x1000");
	assert_int_equal(n_asked, 3);
	assert_string_equal(file_text(log_file.path), "");
}

static void limit__the_rest_is_said(void **state)
{
	run_until_asked(2);
	assert_record("dirty 0x10000+0x4000000");
	assert_log_has("may not get to the file: Connection timed out");
}

/* A long one is not over with that. */
static void one_chunk_fails__the_others_are_done(void **state)
{
	fake_madvise = ONCE(EFAULT);
	redirty(&long_range, 1, NULL);
	assert_record("dirty 0x10000+0x4000000, dirty 0x4010000+0x4000000, "
		      "dirty 0x8010000+0x1000");
	assert_log_has("to 67108864 bytes, the first at 0x10000");
}

/* Something else is mapped there while the first chunk is made dirty. */
static uint64_t replaced(void *arg)
{
	fake_vma.is_gone = ++n_asked > 1;
	fake_clock_ns += NSEC_PER_SEC;
	return UINT64_MAX;
}

static void replaced_meanwhile__left_alone(void **state)
{
	struct redirty_limit limit = {replaced, NULL};

	n_asked = 0;
	redirty(&long_range, 1, &limit);
	assert_record("dirty 0x10000+0x4000000");
	assert_string_equal(file_text(log_file.path), "");
}

/* Nor before each chunk, which would cost more than the chunk */
static void quick__looked_at_once(void **state)
{
	redirty(&long_range, 1, NULL);
	assert_int_equal(fake_vma.n_open, 1);
}

static void limit__said_once_for_all(void **state)
{
	unsigned int times = 1;
	struct redirty_limit limit = {until_asked, &times};

	n_asked = 0;
	redirty(ranges, 2, &limit);
	assert_record("");
	assert_log_has("to 20480 bytes, the first at 0x10000");
	assert_int_equal(n_lines(), 1);
}

static void found__those_of_the_query(void **state)
{
	struct track_query query = {.any_file = true, .end = UINTPTR_MAX};

	fake_track.written = ranges;
	fake_track.n_written = 2;
	redirty_found(&query);
	assert_ptr_equal(fake_track.query, &query);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
}

static void found__out_of_memory_is_said(void **state)
{
	struct track_query query = {.any_file = true, .end = UINTPTR_MAX};

	fake_track.find_written = ALWAYS(ENOMEM);
	redirty_found(&query);
	assert_record("");
	assert_log_has("may not get to the file");
}

#define REDIRTY_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		REDIRTY_CASE(whole_pages__as_they_are),
		REDIRTY_CASE(parts_of_pages__the_whole),
		REDIRTY_CASE(no_ranges__nothing),
		REDIRTY_CASE(kept_by_the_kernel__left_alone),
		REDIRTY_CASE(interrupted__again),
		REDIRTY_CASE(unmapped__again),
		REDIRTY_CASE(read_only__again),
		REDIRTY_CASE(out_of_memory__said),
		REDIRTY_CASE(all_fail__said_once),
		REDIRTY_CASE(mappings_not_known__all_of_it),
		REDIRTY_CASE(a_mapping_not_known__all_of_it),
		REDIRTY_CASE(no_mapping__nothing),
		REDIRTY_CASE(one_chunk_fails__the_others_are_done),
		REDIRTY_CASE(replaced_meanwhile__left_alone),
		REDIRTY_CASE(quick__looked_at_once),
		REDIRTY_CASE(limit__said_once_for_all),
		REDIRTY_CASE(poisoned__said_and_next_range),
		REDIRTY_CASE(no_space__said_and_next_range),
		REDIRTY_CASE(limit__asked_before_each_chunk),
		REDIRTY_CASE(limit__the_rest_is_said),
		REDIRTY_CASE(found__those_of_the_query),
		REDIRTY_CASE(found__out_of_memory_is_said),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
