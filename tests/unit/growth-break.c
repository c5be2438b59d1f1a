// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A break costs what it revokes: it is linear in the memory regions of the file,
 * and does not depend on how many other files are leased.  To find a memory region
 * costs the same among however many.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "device.h"
#include "lease.h"
#include "lib/growth.h"
#include "lib/test.h"
#include "revoke.h"
#include "track.h"

#define PAGE 4096ul
#define MAX_MRS 32000
#define MAX_FILES 4000
#define N_LOOKUPS 20000

static struct ibv_context context;
static struct ibv_mr mrs[MAX_MRS];
static struct stat file;
static char *memory;
static size_t n_revoked;

int device_destroy_mr(const struct ibv_mr *mr)
{
	n_revoked++;
	return 0;
}

/* fcntl(2) says -1 of a descriptor that is none, so this is how it is held. */
#define HELD (-1)
#define BROKEN 0

static int take(struct lease *lease, const struct backing *backing,
		struct cause *cause)
{
	lease->type = HELD;
	keeper_own(&lease->fd, -1);
	return 0;
}

static const struct lease_backend backend = {
	.name = "test",
	.break_means = "of the test",
	.take = take,
};

static struct lease *take_lease(ino_t ino)
{
	struct backing backing = {.dev = file.st_dev, .ino = ino, .path = "x"};
	struct cause cause;
	struct lease *lease;

	assert_int_equal(lease_take(&backend, &backing, &cause, &lease), 0);
	return lease;
}

/* A written one over the page @i, holder of @lease */
static void add(size_t i, struct lease *lease)
{
	struct guarded_mr *gmr = track_alloc(1);

	assert_non_null(gmr);
	mrs[i] = (struct ibv_mr){.context = &context, .lkey = i};
	gmr->mr = &mrs[i];
	gmr->context = &context;
	gmr->is_written = true;
	gmr->n_leases = 1;
	gmr->leases[0] = lease;
	gmr->n_ranges = 1;
	gmr->ranges[0] = (struct mr_range){
		.start = (uintptr_t)memory + i * PAGE,
		.end = (uintptr_t)memory + (i + 1) * PAGE,
		.dev = lease->dev,
		.ino = lease->ino,
	};
	assert_int_equal(track_add(gmr), 0);
}

/* @n over the pages from @first on, each with a reference to the lease */
static void add_all(size_t first, size_t n, struct lease *lease)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i)
			lease_get(lease);
		add(first + i, lease);
	}
}

static void end_all(void)
{
	struct guarded_mr *gmr, *next;

	revoke_all();
	for (gmr = track_detach_context(&context); gmr; gmr = next) {
		next = gmr->next;
		track_free(gmr);
	}
}

/* The keeper's part, from the signal on */
static double answer(void)
{
	double ns = growth_now();

	lease_scan();
	while (revoke_broken() != UINT64_MAX)
		;
	return growth_now() - ns;
}

static double break_mrs(size_t n)
{
	struct lease *lease = take_lease(file.st_ino);
	double ns;

	add_all(0, n, lease);
	n_revoked = 0;
	lease->type = BROKEN;
	ns = answer();
	assert_int_equal(n_revoked, n);
	end_all();
	return ns;
}

CASE(mrs_of_one_file__linear)
{
	static const size_t sizes[] = {4000, 12000, MAX_MRS};

	assert_true(growth_exponent("regions", sizes, break_mrs) <
		    GROWTH_LINEAR);
}

/* All of @n files at once, four memory regions each */
static double break_files(size_t n)
{
	struct lease *lease;
	double ns;
	size_t i;

	for (i = 0; i < n; i++) {
		lease = take_lease(i + 1);
		add_all(4 * i, 4, lease);
		lease->type = BROKEN;
	}
	n_revoked = 0;
	ns = answer();
	assert_int_equal(n_revoked, 4 * n);
	end_all();
	return ns;
}

CASE(all_of_many_files__linear)
{
	static const size_t sizes[] = {250, 1000, MAX_FILES};

	assert_true(growth_exponent("files", sizes, break_files) <
		    GROWTH_LINEAR);
}

/* One of @n memory regions is found, and other memory is not among theirs. */
static double look_up(size_t n)
{
	struct lease *lease = take_lease(file.st_ino);
	struct guarded_mr *gmr;
	double ns;
	size_t i;

	add_all(0, n, lease);
	ns = growth_now();
	for (i = 0; i < N_LOOKUPS; i++) {
		assert_int_equal(track_begin_dereg(&mrs[i % n], &gmr), 0);
		track_keep(gmr);
		assert_false(track_may_be_written(2 * PAGE, 3 * PAGE));
	}
	ns = growth_now() - ns;
	end_all();
	return ns;
}

/* Few enough for the caches of the CPU, whose misses are no growth of ours */
CASE(lookup__flat)
{
	static const size_t sizes[] = {250, 1000, 4000};

	assert_true(growth_exponent("lookups", sizes, look_up) < GROWTH_FLAT);
}

int group_setup(void **state)
{
	int fd = memfd_create("growth", MFD_CLOEXEC);

	log_setup(LOG_LEVEL_ERROR, NULL);
	if (fd < 0 || ftruncate(fd, MAX_MRS * PAGE) || fstat(fd, &file))
		return -1;
	memory = mmap(NULL, MAX_MRS * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
		      fd, 0);
	close(fd);
	if (memory == MAP_FAILED)
		return -1;
	memset(memory, 1, MAX_MRS * PAGE);
	return 0;
}
