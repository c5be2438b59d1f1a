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
#include "redirty_written.h"

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

#define REDIRTY_CASE(fn) CASE_WITH(fn, setup, teardown)

static const struct mr_range ranges[] = {
	{.start = 0x10000, .end = 0x14000},
	{.start = 0x20000, .end = 0x21000},
};

static void assert_log_has(const char *text)
{
	assert_non_null(strstr(file_text(log_file.path), text));
}

REDIRTY_CASE(whole_pages__as_they_are)
{
	redirty(ranges, 2, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
	assert_string_equal(file_text(log_file.path), "");
}

REDIRTY_CASE(parts_of_pages__the_whole)
{
	struct mr_range range = {.start = 0x10123, .end = 0x11001};

	redirty(&range, 1, NULL);
	assert_record("dirty 0x10000+0x2000");
}

REDIRTY_CASE(no_ranges__nothing)
{
	redirty(NULL, 0, NULL);
	assert_record("");
}

/* Under F_LAYOUT_WRITE */
REDIRTY_CASE(kept_by_the_kernel__left_alone)
{
	struct mr_range some[] = { ranges[0], ranges[1] };

	some[0].is_kept = true;
	redirty(some, 2, NULL);
	assert_record("dirty 0x20000+0x1000");
}

REDIRTY_CASE(interrupted__again)
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

REDIRTY_CASE(unmapped__again)
{
	nothing_there(ENOMEM);
}

REDIRTY_CASE(read_only__again)
{
	nothing_there(EINVAL);
}

/* The mapping is there, so it is something else. */
REDIRTY_CASE(out_of_memory__said)
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

REDIRTY_CASE(poisoned__said_and_next_range)
{
	fails(EHWPOISON);
}

/* Or truncated: the file is mapped, but does not have the page */
REDIRTY_CASE(no_space__said_and_next_range)
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

REDIRTY_CASE(all_fail__said_once)
{
	fake_madvise = ALWAYS(EFAULT);
	redirty(ranges, 2, NULL);
	assert_log_has("to 20480 bytes, the first at 0x10000");
	assert_int_equal(n_lines(), 1);
}

REDIRTY_CASE(mappings_not_known__all_of_it)
{
	fake_vma.open = ALWAYS(EMFILE);
	redirty(ranges, 2, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
}

/* As after a chroot(2) of the program */
REDIRTY_CASE(no_proc__all_of_it)
{
	fake_vma.open = ALWAYS(ENOENT);
	redirty(ranges, 2, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
}

REDIRTY_CASE(a_mapping_not_known__all_of_it)
{
	fake_vma.next = ALWAYS(EINVAL);
	redirty(ranges, 2, NULL);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
}

REDIRTY_CASE(no_mapping__nothing)
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

REDIRTY_CASE(limit__asked_before_each_chunk)
{
	run_until_asked(4);
	assert_record("dirty 0x10000+0x4000000, dirty 0x4010000+0x4000000, "
		      "dirty 0x8010000+0x1000");
	assert_int_equal(n_asked, 3);
	assert_string_equal(file_text(log_file.path), "");
}

REDIRTY_CASE(limit__the_rest_is_said)
{
	run_until_asked(2);
	assert_record("dirty 0x10000+0x4000000");
	assert_log_has("may not get to the file: Connection timed out");
}

/* A long one is not over with that. */
REDIRTY_CASE(one_chunk_fails__the_others_are_done)
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

REDIRTY_CASE(replaced_meanwhile__left_alone)
{
	struct redirty_limit limit = {replaced, NULL};

	n_asked = 0;
	redirty(&long_range, 1, &limit);
	assert_record("dirty 0x10000+0x4000000");
	assert_string_equal(file_text(log_file.path), "");
}

/* Nor before each chunk, which would cost more than the chunk */
REDIRTY_CASE(quick__looked_at_once)
{
	redirty(&long_range, 1, NULL);
	assert_int_equal(fake_vma.n_open, 1);
}

REDIRTY_CASE(limit__said_once_for_all)
{
	unsigned int times = 1;
	struct redirty_limit limit = {until_asked, &times};

	n_asked = 0;
	redirty(ranges, 2, &limit);
	assert_record("");
	assert_log_has("to 20480 bytes, the first at 0x10000");
	assert_int_equal(n_lines(), 1);
}

REDIRTY_CASE(found__those_of_the_query)
{
	struct track_query query = {.any_file = true, .end = UINTPTR_MAX};

	fake_track.written = ranges;
	fake_track.n_written = 2;
	redirty_found(&query);
	assert_ptr_equal(fake_track.query, &query);
	assert_record("dirty 0x10000+0x4000, dirty 0x20000+0x1000");
}

REDIRTY_CASE(found__out_of_memory_is_said)
{
	struct track_query query = {.any_file = true, .end = UINTPTR_MAX};

	fake_track.find_written = ALWAYS(ENOMEM);
	redirty_found(&query);
	assert_record("");
	assert_log_has("may not get to the file");
}
