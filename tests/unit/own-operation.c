// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the program does to its own files and mappings, and what comes before */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/stats.h"
#include "fakes/fake_keeper.h"
#include "fakes/fake_lease.h"
#include "fakes/fake_retake.h"
#include "fakes/fake_track.h"
#include "fakes/fake_watch.h"
#include "lib/files.h"
#include "lib/record.h"
#include "lib/test.h"
#include "preload/private.h"

static struct file file;
static struct lease_barrier barrier;

static int setup(void **state)
{
	memset(&fake_keeper, 0, sizeof(fake_keeper));
	memset(&fake_lease, 0, sizeof(fake_lease));
	memset(&fake_track, 0, sizeof(fake_track));
	memset(&stats, 0, sizeof(stats));
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

#define OWN_CASE(fn) CASE_WITH(fn, setup, teardown)

OWN_CASE(removal__barred_meanwhile)
{
	assert_int_equal(pinsafe_private_removal_begin(file.fd, false, &barrier), 0);
	assert_int_equal(errno, E2BIG);
	assert_record("bar");
	assert_int_equal(barrier.dev, file.dev);
	assert_int_equal(barrier.ino, file.ino);
	pinsafe_private_removal_end(&barrier);
	assert_int_equal(errno, E2BIG);
	assert_record("unbar");
}

/* The barrier comes first, so that no lease comes after the look. */
OWN_CASE(removal__lease_is_broken_behind_the_barrier)
{
	fake_lease.blind_left = 1;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, false, &barrier), 0);
	assert_record("bar, break, run");
	pinsafe_private_removal_end(&barrier);
}

OWN_CASE(sharing__lease_is_broken_behind_the_barrier)
{
	fake_lease.blind_left = 1;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, true, &barrier), 0);
	assert_record("bar, break, run");
	pinsafe_private_removal_end(&barrier);
	assert_record("unbar");
}

/* Nothing of it gets into the other file. */
OWN_CASE(sharing_what_is_only_read__barred_meanwhile)
{
	fake_lease.blind_left = 1;
	fake_track.is_only_read = true;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, true, &barrier), 0);
	assert_record("bar");
	pinsafe_private_removal_end(&barrier);
	assert_record("unbar");
	assert_int_equal(pinsafe_private_removal_begin(file.fd, false, &barrier), 0);
	assert_record("bar, break, run");
	pinsafe_private_removal_end(&barrier);
}

OWN_CASE(removal__waits_for_the_last_holder)
{
	fake_lease.blind_left = 4;
	fake_retake_left = 5;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, false, &barrier), 0);
	assert_record("bar, break, run, wait, break, run, wait");
	pinsafe_private_removal_end(&barrier);
}

OWN_CASE(removal__not_revoked_in_time_ETXTBSY)
{
	fake_lease.blind_left = 100;
	fake_retake_left = 1;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, false, &barrier),
			 ETXTBSY);
	assert_int_equal(errno, E2BIG);
	/* And registrations are possible again. */
	assert_record("bar, break, run, wait, break, run, unbar");
}

OWN_CASE(removal__keeper_cannot_be_called)
{
	fake_lease.blind_left = 100;
	fake_keeper.call = ALWAYS(EAGAIN);
	assert_int_equal(pinsafe_private_removal_begin(file.fd, false, &barrier),
			 ETXTBSY);
	assert_record("bar, unbar");
}

/* Without a system call, for the sake of those who have no such lease at all */
OWN_CASE(removal__never_a_lease_any_file_is_barred)
{
	fake_lease.was_never_blind = true;
	assert_int_equal(pinsafe_private_removal_begin(-1, false, &barrier), 0);
	assert_int_equal(errno, E2BIG);
	assert_record("bar any");
	pinsafe_private_removal_end(&barrier);
	assert_record("unbar");
	assert_int_equal(pinsafe_private_removal_begin(-1, true, &barrier), 0);
	assert_record("bar any");
	pinsafe_private_removal_end(&barrier);
	assert_record("unbar");
}

OWN_CASE(removal__not_watched_nothing)
{
	fake_watch_is_enabled = false;
	assert_int_equal(pinsafe_private_removal_begin(file.fd, false, &barrier),
			 ENOENT);
	assert_int_equal(errno, E2BIG);
	assert_record("");
}

OWN_CASE(removal__no_descriptor_nothing)
{
	assert_int_equal(pinsafe_private_removal_begin(-1, false, &barrier), ENOENT);
	assert_int_equal(errno, E2BIG);
	assert_record("");
}

OWN_CASE(removal__device_nothing)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(pinsafe_private_removal_begin(fd, false, &barrier), ENOENT);
	assert_record("");
	close(fd);
}

static void *const memory = (void *)0x10000;

OWN_CASE(unmapping__revoked_and_kept_until_it_is_done)
{
	fake_watch_ticket = 7;
	assert_int_equal(pinsafe_private_unmapping(memory, 0x3000), 7);
	assert_int_equal(errno, E2BIG);
	assert_record("revoke on demand 0x10000-0x13000, "
		      "kept? 0x10000-0x13000");
}

OWN_CASE(unmapping__part_of_a_page_is_the_whole)
{
	assert_int_equal(page_size(), 0x1000);
	(void)pinsafe_private_unmapping(memory, 0x2001);
	assert_record("revoke on demand 0x10000-0x13000, "
		      "kept? 0x10000-0x13000");
	pinsafe_private_unmapped(memory, 0x2001, 1);
	assert_record("forget 0x10000-0x13000 of 1");
}

/* mremap(2) without a length: of the mapping there */
OWN_CASE(unmapping__no_length_is_an_address)
{
	fake_watch_covers = false;
	(void)pinsafe_private_unmapping(memory, 0);
	assert_record("kept? 0x10000-0x10001");
}

/* By its allocator; it would wait for itself. */
OWN_CASE(unmapping_by_the_keeper__nothing)
{
	fake_keeper.is_self = true;
	fake_watch_ticket = 7;
	assert_int_equal(pinsafe_private_unmapping(memory, 0x3000), 0);
	assert_record("");
}

OWN_CASE(unmapping__of_no_interest_nothing)
{
	fake_watch_covers = false;
	assert_int_equal(pinsafe_private_unmapping(memory, 0x3000), 0);
	assert_int_equal(errno, E2BIG);
	assert_int_equal(fake_keeper.call.n_calls, 0);
	assert_record("kept? 0x10000-0x13000");
}

OWN_CASE(unmapped__forgotten)
{
	pinsafe_private_unmapped(memory, 0x3000, 7);
	assert_int_equal(errno, E2BIG);
	assert_record("forget 0x10000-0x13000 of 7");
}

OWN_CASE(remapped__moved_in_whole_pages)
{
	struct watch_move move = {
		.start = (uintptr_t)memory,
		.end = (uintptr_t)memory + 0x2001,
		.new_start = 0x20000,
		.new_end = 0x24001,
		.stays = true,
		.ticket = 7,
	};

	pinsafe_private_remapped(&move);
	assert_int_equal(errno, E2BIG);
	assert_record("move 0x10000-0x13000 to 0x20000-0x25000 of 7, stays");
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

#define MAPPED_CASE(fn) CASE_WITH(fn, setup_mapped, teardown_mapped)

static int removal_mapped(size_t first, size_t pages)
{
	return pinsafe_private_removal_mapped(base + first * page_size(),
					      pages * page_size(), do_madvise);
}

MAPPED_CASE(madvise__barred_for_each_file)
{
	assert_int_equal(removal_mapped(0, 4), 0);
	assert_record("bar, remove 0+2, unbar, remove 2+2");
}

/* As the kernel: what comes after it is removed all the same. */
MAPPED_CASE(madvise__gap_ENOMEM_in_the_end)
{
	errno = 0;
	assert_int_equal(removal_mapped(0, 8), -1);
	assert_int_equal(errno, ENOMEM);
	assert_record("bar, remove 0+2, unbar, remove 2+2, "
		      "bar, remove 6+2, unbar");
}

MAPPED_CASE(madvise__begins_in_a_gap)
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
MAPPED_CASE(madvise__mappings_cannot_be_read)
{
	size_t limit = descriptors_limit(0);

	assert_int_equal(removal_mapped(0, 2), 0);
	assert_int_equal(fake_keeper.call.n_calls, 1);
	assert_record("remove 0+2");
	fake_lease.blind_left = 100;
	errno = 0;
	assert_int_equal(removal_mapped(0, 2), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_record("");
	descriptors_limit(limit);
}

MAPPED_CASE(madvise__cut_to_what_is_asked)
{
	assert_int_equal(removal_mapped(1, 1), 0);
	assert_record("bar, remove 1+1, unbar");
	assert_int_equal(removal_mapped(1, 2), 0);
	assert_record("bar, remove 1+1, unbar, remove 2+1");
}

MAPPED_CASE(madvise__lease_is_broken_first)
{
	fake_lease.blind_left = 1;
	assert_int_equal(removal_mapped(0, 2), 0);
	assert_record("bar, break, run, remove 0+2, unbar");
}

MAPPED_CASE(madvise__never_a_lease_as_without_us)
{
	fake_lease.was_never_blind = true;
	assert_int_equal(removal_mapped(0, 8), 0);
	assert_record("bar any, remove 0+8, unbar");
}

MAPPED_CASE(madvise__not_revoked_ETXTBSY)
{
	fake_lease.blind_left = 100;
	errno = 0;
	assert_int_equal(removal_mapped(0, 8), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_record("bar, break, run, unbar");
}

MAPPED_CASE(madvise__errno_of_the_kernel)
{
	madvise_error = EINVAL;
	madvise_fails_at = 2;
	errno = 0;
	assert_int_equal(removal_mapped(0, 8), -1);
	assert_int_equal(errno, EINVAL);
	assert_record("bar, remove 0+2, unbar, remove 2+2");
}

MAPPED_CASE(madvise__errno_of_the_kernel_behind_the_barrier)
{
	madvise_error = EOPNOTSUPP;
	madvise_fails_at = 0;
	errno = 0;
	assert_int_equal(removal_mapped(0, 2), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_record("bar, remove 0+2, unbar");
}

MAPPED_CASE(madvise__not_watched_as_without_us)
{
	fake_watch_is_enabled = false;
	assert_int_equal(removal_mapped(0, 8), 0);
	assert_record("remove 0+8");
}

MAPPED_CASE(madvise__no_length_as_without_us)
{
	assert_int_equal(removal_mapped(0, 0), 0);
	assert_record("remove 0+0");
}
