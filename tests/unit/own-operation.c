// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the program does to its own files and mappings, and what comes before */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/stats.h"
#include "fakes/fake_keeper.h"
#include "fakes/fake_lease.h"
#include "fakes/fake_redirty.h"
#include "fakes/fake_retake.h"
#include "fakes/fake_track.h"
#include "fakes/fake_watch.h"
#include "lib/files.h"
#include "lib/record.h"
#include "lib/test.h"
#include "preload/private.h"
#include "track_filter.h"

static struct file file;
static struct lease_barrier barrier;

static int setup(void **state)
{
	memset(&fake_keeper, 0, sizeof(fake_keeper));
	memset(&fake_lease, 0, sizeof(fake_lease));
	memset(&fake_track, 0, sizeof(fake_track));
	memset(&stats, 0, sizeof(stats));
	memset(&fake_redirty_query, 0, sizeof(fake_redirty_query));
	fake_watch_is_enabled = true;
	fake_watch_covers = true;
	fake_watch_ticket = 0;
	fake_retake_left = 0;
	file_make(&file, DISK, 4);
	record_clear();
	errno = E2BIG;
	return 0;
}

static int teardown(void **state)
{
	file_put(&file);
	return 0;
}

static void removal__barred_meanwhile(void **state)
{
	assert_int_equal(pinsafe_private_removal_begin(file.fd, &barrier), 0);
	assert_int_equal(errno, E2BIG);
	assert_record("bar");
	assert_int_equal(barrier.dev, file.dev);
	assert_int_equal(barrier.ino, file.ino);
	pinsafe_private_removal_end(&barrier);
	assert_int_equal(errno, E2BIG);
	assert_record("unbar");
}

/* The barrier comes first, so that no lease comes after the look. */
static void removal__lease_is_broken_behind_the_barrier(void **state)
{
	fake_lease.blind_left = 1;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, &barrier), 0);
	assert_record("bar, break, run");
	pinsafe_private_removal_end(&barrier);
}

static void sharing__lease_is_broken_behind_the_barrier(void **state)
{
	fake_lease.blind_left = 1;
	assert_int_equal(pinsafe_private_sharing_begin(file.fd, &barrier), 0);
	assert_record("bar, break, run");
	pinsafe_private_removal_end(&barrier);
	assert_record("unbar");
}

/* Nothing of it gets into the other file. */
static void sharing_what_is_only_read__barred_meanwhile(void **state)
{
	fake_lease.blind_left = 1;
	fake_track.is_only_read = true;
	assert_int_equal(pinsafe_private_sharing_begin(file.fd, &barrier), 0);
	assert_record("bar");
	pinsafe_private_removal_end(&barrier);
	assert_record("unbar");
	assert_int_equal(pinsafe_private_removal_begin(file.fd, &barrier), 0);
	assert_record("bar, break, run");
	pinsafe_private_removal_end(&barrier);
}

static void removal__waits_for_the_last_holder(void **state)
{
	fake_lease.blind_left = 4;
	fake_retake_left = 5;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, &barrier), 0);
	assert_record("bar, break, run, wait, break, run, wait");
	pinsafe_private_removal_end(&barrier);
}

static void removal__not_revoked_in_time_ETXTBSY(void **state)
{
	fake_lease.blind_left = 100;
	fake_retake_left = 1;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, &barrier),
			 ETXTBSY);
	assert_int_equal(errno, E2BIG);
	/* And registrations are possible again. */
	assert_record("bar, break, run, wait, break, run, unbar");
}

static void removal__keeper_cannot_be_called(void **state)
{
	fake_lease.blind_left = 100;
	fake_keeper.call = ALWAYS(EAGAIN);
	assert_int_equal(pinsafe_private_removal_begin(file.fd, &barrier),
			 ETXTBSY);
	assert_record("bar, unbar");
}

static void removal__not_watched_nothing(void **state)
{
	fake_watch_is_enabled = false;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, &barrier),
			 ENOENT);
	assert_int_equal(errno, E2BIG);
	assert_record("");
}

static void removal__no_descriptor_nothing(void **state)
{
	assert_int_equal(pinsafe_private_removal_begin(-1, &barrier), ENOENT);
	assert_int_equal(errno, E2BIG);
	assert_record("");
}

static void removal__device_nothing(void **state)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(pinsafe_private_removal_begin(fd, &barrier), ENOENT);
	assert_record("");
	close(fd);
}

static void *const memory = (void *)0x10000;

static void unmapping__revoked_and_kept_until_it_is_done(void **state)
{
	fake_watch_ticket = 7;
	assert_int_equal(pinsafe_private_unmapping(memory, 0x3000), 7);
	assert_int_equal(errno, E2BIG);
	assert_record("revoke on demand 0x10000-0x13000, "
		      "kept? 0x10000-0x13000");
}

static void unmapping__part_of_a_page_is_the_whole(void **state)
{
	assert_int_equal(page_size(), 0x1000);
	(void)pinsafe_private_unmapping(memory, 0x2001);
	assert_record("revoke on demand 0x10000-0x13000, "
		      "kept? 0x10000-0x13000");
	pinsafe_private_unmapped(memory, 0x2001, 1);
	assert_record("forget 0x10000-0x13000 of 1");
}

/* mremap(2) without a length: of the mapping there */
static void unmapping__no_length_is_an_address(void **state)
{
	fake_watch_covers = false;
	(void)pinsafe_private_unmapping(memory, 0);
	assert_record("kept? 0x10000-0x10001");
}

/* By its allocator; it would wait for itself. */
static void unmapping_by_the_keeper__nothing(void **state)
{
	fake_keeper.is_self = true;
	fake_watch_ticket = 7;
	assert_int_equal(pinsafe_private_unmapping(memory, 0x3000), 0);
	assert_record("");
}

static void unmapping__of_no_interest_nothing(void **state)
{
	fake_watch_covers = false;
	assert_int_equal(pinsafe_private_unmapping(memory, 0x3000), 0);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(fake_keeper.call.n_calls, 0);
	assert_record("kept? 0x10000-0x13000");
}

static void unmapped__forgotten(void **state)
{
	pinsafe_private_unmapped(memory, 0x3000, 7);
	assert_int_equal(errno, E2BIG);
	assert_record("forget 0x10000-0x13000 of 7");
}

static void remapped__moved_in_whole_pages(void **state)
{
	struct own_remap remap = {
		.addr = memory,
		.length = 0x2001,
		.new_addr = (void *)0x20000,
		.new_length = 0x4001,
		.stays = true,
	};

	pinsafe_private_remapped(&remap, 7);
	assert_int_equal(errno, E2BIG);
	assert_record("move 0x10000-0x13000 to 0x20000-0x25000 of 7, stays");
}

/* Devices may write to the page at @start, of the file. */
static struct guarded_mr *written(uintptr_t start)
{
	struct guarded_mr *gmr = calloc(1, sizeof(*gmr) + sizeof(struct mr_range));

	assert_non_null(gmr);
	gmr->is_written = true;
	gmr->n_ranges = 1;
	gmr->ranges[0].start = start;
	gmr->ranges[0].end = start + 0x1000;
	gmr->ranges[0].dev = file.dev;
	gmr->ranges[0].ino = file.ino;
	track_filter_add(gmr);
	return gmr;
}

static void sync_file__redirty_first(void **state)
{
	struct guarded_mr *gmr;

	stats.guarded_mrs = 1;
	/* Of others only */
	pinsafe_private_sync_file(file.fd);
	assert_record("");
	gmr = written((uintptr_t)memory);
	pinsafe_private_sync_file(file.fd);
	track_filter_remove(gmr);
	free(gmr);
	assert_int_equal(errno, E2BIG);
	assert_record("redirty found");
	assert_false(fake_redirty_query.any_file);
	assert_int_equal(fake_redirty_query.dev, file.dev);
	assert_int_equal(fake_redirty_query.ino, file.ino);
	assert_int_equal(fake_redirty_query.start, 0);
	assert_int_equal(fake_redirty_query.end, UINTPTR_MAX);
}

static void sync_fs__redirty_all_there(void **state)
{
	stats.guarded_mrs = 1;
	pinsafe_private_sync_fs(file.fd);
	assert_int_equal(errno, E2BIG);
	assert_record("redirty found");
	assert_true(fake_redirty_query.any_inode);
	assert_int_equal(fake_redirty_query.dev, file.dev);
	assert_int_equal(fake_redirty_query.start, 0);
	assert_int_equal(fake_redirty_query.end, UINTPTR_MAX);
}

static void sync_all__redirty_all(void **state)
{
	struct guarded_mr *gmr;

	pinsafe_private_sync_all();
	assert_record("");
	gmr = written((uintptr_t)memory);
	pinsafe_private_sync_all();
	track_filter_remove(gmr);
	free(gmr);
	assert_int_equal(errno, E2BIG);
	assert_record("redirty found");
	assert_true(fake_redirty_query.any_file);
	assert_int_equal(fake_redirty_query.start, 0);
	assert_int_equal(fake_redirty_query.end, UINTPTR_MAX);
}

static void sync_file__no_descriptor_nothing(void **state)
{
	stats.guarded_mrs = 1;
	pinsafe_private_sync_file(-1);
	assert_int_equal(errno, E2BIG);
	assert_record("");
}

static void sync_range__redirty_first(void **state)
{
	struct guarded_mr *gmr = written((uintptr_t)memory + 0x2000);

	pinsafe_private_sync_range(memory, 0x3000);
	track_filter_remove(gmr);
	free(gmr);
	assert_int_equal(errno, E2BIG);
	assert_record("redirty found");
	assert_true(fake_redirty_query.any_file);
	assert_int_equal(fake_redirty_query.start, 0x10000);
	assert_int_equal(fake_redirty_query.end, 0x13000);
}

static void sync_range__of_other_memory_nothing(void **state)
{
	struct guarded_mr *gmr = written((uintptr_t)memory + 0x3000);

	stats.guarded_mrs = 1;
	pinsafe_private_sync_range(memory, 0x3000);
	assert_record("");
	track_filter_remove(gmr);
	free(gmr);
}

static void sync__nothing_guarded_nothing(void **state)
{
	pinsafe_private_sync_file(file.fd);
	pinsafe_private_sync_range(memory, 0x3000);
	assert_record("");
}

static char *base;
static int madvise_error, madvise_fails_at;

/* As offsets from base, in pages */
static int do_madvise(void *addr, size_t length, int advice)
{
	assert_int_equal(advice, MADV_REMOVE);
	record("remove %d+%d", (int)(((char *)addr - base) / page_size()),
	       (int)(length / page_size()));
	if (madvise_error &&
	    (char *)addr == base + madvise_fails_at * page_size()) {
		errno = madvise_error;
		return -1;
	}
	return 0;
}

/* Two pages of the file, two anonymous ones, two that nobody has, two of it */
static int setup_mapped(void **state)
{
	setup(state);
	madvise_error = 0;
	base = addresses(8);
	file_map(&file, 0, 2, PROT_READ | PROT_WRITE, base);
	file_map(&file, 2, 2, PROT_READ | PROT_WRITE, base + 6 * page_size());
	assert_int_equal(munmap(base + 4 * page_size(), 2 * page_size()), 0);
	return 0;
}

static int teardown_mapped(void **state)
{
	munmap(base, 8 * page_size());
	return teardown(state);
}

static int removal_mapped(size_t first, size_t pages)
{
	return pinsafe_private_removal_mapped(base + first * page_size(),
					      pages * page_size(), do_madvise);
}

static void madvise__barred_for_each_file(void **state)
{
	assert_int_equal(removal_mapped(0, 4), 0);
	assert_record("bar, remove 0+2, unbar, remove 2+2");
}

/* As the kernel: what comes after it is removed all the same. */
static void madvise__gap_ENOMEM_in_the_end(void **state)
{
	errno = 0;
	assert_int_equal(removal_mapped(0, 8), -1);
	assert_int_equal(errno, ENOMEM);
	assert_record("bar, remove 0+2, unbar, remove 2+2, "
		      "bar, remove 6+2, unbar");
}

static void madvise__begins_in_a_gap(void **state)
{
	errno = 0;
	assert_int_equal(removal_mapped(4, 3), -1);
	assert_int_equal(errno, ENOMEM);
	assert_record("bar, remove 6+1, unbar");
	errno = 0;
	assert_int_equal(removal_mapped(4, 1), -1);
	assert_int_equal(errno, ENOMEM);
	assert_record("");
}

/* The keeper has descriptors of its own, but not the fake of it. */
static void madvise__mappings_cannot_be_read(void **state)
{
	struct rlimit limit, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(removal_mapped(0, 2), 0);
	assert_int_equal(fake_keeper.call.n_calls, 1);
	assert_record("remove 0+2");
	fake_lease.blind_left = 100;
	errno = 0;
	assert_int_equal(removal_mapped(0, 2), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_record("");
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static void madvise__cut_to_what_is_asked(void **state)
{
	assert_int_equal(removal_mapped(1, 1), 0);
	assert_record("bar, remove 1+1, unbar");
	assert_int_equal(removal_mapped(1, 2), 0);
	assert_record("bar, remove 1+1, unbar, remove 2+1");
}

static void madvise__lease_is_broken_first(void **state)
{
	fake_lease.blind_left = 1;
	assert_int_equal(removal_mapped(0, 2), 0);
	assert_record("bar, break, run, remove 0+2, unbar");
}

static void madvise__not_revoked_ETXTBSY(void **state)
{
	fake_lease.blind_left = 100;
	errno = 0;
	assert_int_equal(removal_mapped(0, 8), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_record("bar, break, run, unbar");
}

static void madvise__errno_of_the_kernel(void **state)
{
	madvise_error = EINVAL;
	madvise_fails_at = 2;
	errno = 0;
	assert_int_equal(removal_mapped(0, 8), -1);
	assert_int_equal(errno, EINVAL);
	assert_record("bar, remove 0+2, unbar, remove 2+2");
}

static void madvise__errno_of_the_kernel_behind_the_barrier(void **state)
{
	madvise_error = EOPNOTSUPP;
	madvise_fails_at = 0;
	errno = 0;
	assert_int_equal(removal_mapped(0, 2), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_record("bar, remove 0+2, unbar");
}

static void madvise__not_watched_as_without_us(void **state)
{
	fake_watch_is_enabled = false;
	assert_int_equal(removal_mapped(0, 8), 0);
	assert_record("remove 0+8");
}

static void madvise__no_length_as_without_us(void **state)
{
	assert_int_equal(removal_mapped(0, 0), 0);
	assert_record("remove 0+0");
}

#define OWN_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
#define MAPPED_CASE(fn) \
	cmocka_unit_test_setup_teardown(fn, setup_mapped, teardown_mapped)

int main(void)
{
	const struct CMUnitTest cases[] = {
		OWN_CASE(removal__barred_meanwhile),
		OWN_CASE(removal__lease_is_broken_behind_the_barrier),
		OWN_CASE(sharing__lease_is_broken_behind_the_barrier),
		OWN_CASE(sharing_what_is_only_read__barred_meanwhile),
		OWN_CASE(removal__waits_for_the_last_holder),
		OWN_CASE(removal__not_revoked_in_time_ETXTBSY),
		OWN_CASE(removal__keeper_cannot_be_called),
		OWN_CASE(removal__not_watched_nothing),
		OWN_CASE(removal__no_descriptor_nothing),
		OWN_CASE(removal__device_nothing),
		OWN_CASE(unmapping__revoked_and_kept_until_it_is_done),
		OWN_CASE(unmapping__part_of_a_page_is_the_whole),
		OWN_CASE(unmapping__no_length_is_an_address),
		OWN_CASE(unmapping_by_the_keeper__nothing),
		OWN_CASE(unmapping__of_no_interest_nothing),
		OWN_CASE(unmapped__forgotten),
		OWN_CASE(remapped__moved_in_whole_pages),
		OWN_CASE(sync_file__redirty_first),
		OWN_CASE(sync_fs__redirty_all_there),
		OWN_CASE(sync_all__redirty_all),
		OWN_CASE(sync_file__no_descriptor_nothing),
		OWN_CASE(sync_range__redirty_first),
		OWN_CASE(sync_range__of_other_memory_nothing),
		OWN_CASE(sync__nothing_guarded_nothing),
		MAPPED_CASE(madvise__barred_for_each_file),
		MAPPED_CASE(madvise__gap_ENOMEM_in_the_end),
		MAPPED_CASE(madvise__begins_in_a_gap),
		MAPPED_CASE(madvise__mappings_cannot_be_read),
		MAPPED_CASE(madvise__cut_to_what_is_asked),
		MAPPED_CASE(madvise__lease_is_broken_first),
		MAPPED_CASE(madvise__not_revoked_ETXTBSY),
		MAPPED_CASE(madvise__errno_of_the_kernel),
		MAPPED_CASE(madvise__errno_of_the_kernel_behind_the_barrier),
		MAPPED_CASE(madvise__not_watched_as_without_us),
		MAPPED_CASE(madvise__no_length_as_without_us),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
