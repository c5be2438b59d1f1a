// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which ioctls of the program take blocks away, and from which files */
#include <errno.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "api.h"
#include "lib/record.h"
#include "lib/test.h"
#include "preload_next.h"

#define FD 7
/* xfs_ioctl(3): XFS_IOC_UNRESVSP64, XFS_IOC_UNRESVSP, XFS_IOC_ZERO_RANGE */
#define UNRESVSP64 0x4030582b
#define UNRESVSP 0x40305829
#define ZERO_RANGE 0x40305839
#define RESVSP64 0x4030582a

/* What preload_file.c asks of others */

static int busy_fd;

int pinsafe_private_removal_begin(int fd, struct lease_barrier *barrier)
{
	record("begin %d", fd);
	return fd == busy_fd ? ETXTBSY : 0;
}

void pinsafe_private_removal_end(struct lease_barrier *barrier)
{
	record("end");
}

int pinsafe_private_removal_mapped(void *addr, size_t length,
				   int (*real_madvise)(void *, size_t, int))
{
	return 0;
}

void pinsafe_private_sync_file(int fd)
{
}

void pinsafe_private_sync_range(const void *addr, size_t length)
{
}

static int next_ioctl(int fd, unsigned long request, void *arg)
{
	record("ioctl");
	return 0;
}

struct preload_next preload_next = {.ioctl = next_ioctl};

static int setup(void **state)
{
	busy_fd = -1;
	record_clear();
	return 0;
}

static void removing__barrier(void **state)
{
	static const unsigned long requests[] = {
		FICLONE, FICLONERANGE, UNRESVSP, UNRESVSP64, ZERO_RANGE,
	};
	size_t i;

	for (i = 0; i < N_OF(requests); i++) {
		assert_int_equal(ioctl(FD, requests[i], NULL), 0);
		assert_record("begin 7, ioctl, end");
	}
}

static void others__pass(void **state)
{
	assert_int_equal(ioctl(FD, FS_IOC_FIEMAP, NULL), 0);
	assert_int_equal(ioctl(FD, RESVSP64, NULL), 0);
	assert_record("ioctl, ioctl");
}

static struct file_dedupe_range *dedupe_to(int first, int second)
{
	struct file_dedupe_range *range;

	range = calloc(1, sizeof(*range) + 2 * sizeof(range->info[0]));
	assert_non_null(range);
	range->dest_count = 2;
	range->info[0].dest_fd = first;
	range->info[1].dest_fd = second;
	return range;
}

static void dedupe__barrier_of_those_that_change(void **state)
{
	struct file_dedupe_range *range = dedupe_to(8, 9);

	assert_int_equal(ioctl(FD, FIDEDUPERANGE, range), 0);
	assert_record("begin 8, begin 9, ioctl, end, end");
	free(range);
}

/* As programs have it that keep requests in an int */
static void request_with_a_sign__the_same(void **state)
{
	struct file_dedupe_range *range = dedupe_to(8, 9);
	int request = (int)FIDEDUPERANGE;

	assert_true(request < 0);
	assert_int_equal(ioctl(FD, request, range), 0);
	assert_record("begin 8, begin 9, ioctl, end, end");
	free(range);
}

static void dedupe_of_a_busy_file__ETXTBSY(void **state)
{
	struct file_dedupe_range *range = dedupe_to(8, 9);

	busy_fd = 9;
	errno = 0;
	assert_int_equal(ioctl(FD, FIDEDUPERANGE, range), -1);
	assert_int_equal(errno, ETXTBSY);
	assert_record("begin 8, begin 9, end");
	free(range);
}

#define IOCTL_CASE(fn) cmocka_unit_test_setup(fn, setup)

int main(void)
{
	const struct CMUnitTest cases[] = {
		IOCTL_CASE(removing__barrier),
		IOCTL_CASE(others__pass),
		IOCTL_CASE(dedupe__barrier_of_those_that_change),
		IOCTL_CASE(request_with_a_sign__the_same),
		IOCTL_CASE(dedupe_of_a_busy_file__ETXTBSY),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
