// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * How long does it take to find a memory region among many, and to learn that
 * there is none?  track.c alone.
 *
 *   regions N   so many
 *   hit N       N times the region that is about to be deregistered is found, in
 *               any order
 *   miss N      N times an address that is no guarded region's
 */
#include <stdlib.h>

#include "base/lock.h"
#include "lease.h"
#include "lib/bench.h"
#include "track.h"

static struct ibv_mr *mrs;
static size_t n_mrs;
static struct lease lease;

/* xorshift64 */
static uint64_t any(void)
{
	static uint64_t x = 88172645463325252ull;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return x;
}

static void op_regions(long n)
{
	struct guarded_mr *gmr;
	long i;

	mrs = calloc(n, sizeof(*mrs));
	n_mrs = n;
	for (i = 0; i < n; i++) {
		gmr = track_alloc(1);
		gmr->mr = &mrs[i];
		gmr->n_ranges = 1;
		gmr->ranges[0] = (struct mr_range){ .start = BENCH_PAGE,
						    .end = 2 * BENCH_PAGE,
						    .dev = 1,
						    .ino = 1 };
		gmr->n_leases = 1;
		gmr->leases[0] = &lease;
		if (track_add(gmr))
			BENCH_DIE("track_add");
	}
}

static void op_hit(long n)
{
	struct guarded_mr *gmr;

	while (n--) {
		if (track_begin_dereg(&mrs[any() % n_mrs], &gmr))
			BENCH_DIE("track_begin_dereg");
		track_keep(gmr);
	}
}

/* Of the heap, so that bits of it are no others' */
static void op_miss(long n)
{
	static volatile bool is_there;
	long i;

	for (i = 0; i < n; i++)
		is_there = track_may_have((void *)(any() & ~15ull));
	(void)is_there;
}

int main(void)
{
	static const struct bench_op ops[] = {
		{ "regions", op_regions },
		{ "hit", op_hit },
		{ "miss", op_miss },
		{ NULL, NULL },
	};

	return bench_serve(ops);
}
