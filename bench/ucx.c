// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * For comparison: what does the registration cache of UCX cost (libucs), over the
 * same verbs?
 *
 *   file N     from now on the memory is a populated file that is guarded, N bytes,
 *              and a memory region keeps its lease held; else it is anonymous
 *   hit N      N times what is registered already is found and let go
 *   miss N     N times it is not, so that it is registered; and is invalidated
 *   direct N   N times ibv_reg_mr() and ibv_dereg_mr(), without a cache
 *   mmap N, raw_mmap N   N times mmap() and munmap(), which the cache hears of
 */
#include <limits.h>
#include <sys/mman.h>
#include <unistd.h>

#include <ucm/api/ucm.h>
#include <ucs/memory/rcache.h>

#include "lib/bench.h"

struct region {
	ucs_rcache_region_t super;
	struct ibv_mr *mr;
};

static ucs_rcache_t *cache;
static char *memory;
static size_t size = BENCH_PAGE;

static ucs_status_t reg(void *context, ucs_rcache_t *rcache, void *arg,
			ucs_rcache_region_t *super, uint16_t flags)
{
	struct region *region = (struct region *)super;

	region->mr = bench_reg((void *)super->super.start,
			       super->super.end - super->super.start);
	return UCS_OK;
}

static void dereg(void *context, ucs_rcache_t *rcache,
		  ucs_rcache_region_t *super)
{
	bench_dereg(((struct region *)super)->mr);
}

static void dump(void *context, ucs_rcache_t *rcache,
		 ucs_rcache_region_t *region, char *buffer, size_t max)
{
}

static void make_cache(void)
{
	static const ucs_rcache_ops_t ops = { reg, dereg, dump };
	const ucs_rcache_params_t params = {
		.region_struct_size = sizeof(struct region),
		.alignment = UCS_RCACHE_MIN_ALIGNMENT,
		.max_alignment = BENCH_PAGE,
		.ucm_events = UCM_EVENT_VM_UNMAPPED,
		.ucm_event_priority = 1000,
		.ops = &ops,
		.max_regions = ULONG_MAX,
		.max_size = SIZE_MAX,
		.max_unreleased = SIZE_MAX,
	};

	if (ucs_rcache_create(&params, "bench", NULL, &cache))
		BENCH_DIE("ucs_rcache_create");
}

static ucs_rcache_region_t *get(void)
{
	ucs_rcache_region_t *region;

	if (ucs_rcache_get(cache, memory, size, PROT_READ | PROT_WRITE, NULL,
			   &region))
		BENCH_DIE("ucs_rcache_get");
	return region;
}

static void done(void *arg)
{
}

static void op_file(long n)
{
	struct bench_file file;

	bench_map(&file, n);
	bench_populate(&file);
	bench_reg(file.addr, BENCH_PAGE);
	unlink(file.path);
	memory = file.addr;
	size = n;
}

static void op_hit(long n)
{
	ucs_rcache_region_t *held = get();

	bench_begin();
	while (n--)
		ucs_rcache_region_put(cache, get());
	bench_end();
	ucs_rcache_region_invalidate(cache, held, done, NULL);
	ucs_rcache_region_put(cache, held);
}

static void op_miss(long n)
{
	ucs_rcache_region_t *region;

	while (n--) {
		region = get();
		ucs_rcache_region_invalidate(cache, region, done, NULL);
		ucs_rcache_region_put(cache, region);
	}
}

static void op_direct(long n)
{
	while (n--)
		bench_dereg(bench_reg(memory, size));
}

int main(void)
{
	static const struct bench_op ops[] = {
		{ "file", op_file },	 { "hit", op_hit },
		{ "miss", op_miss },	 { "direct", op_direct },
		{ "mmap", bench_mmap },	 { "raw_mmap", bench_raw_mmap },
		{ NULL, NULL },
	};

	bench_open();
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		BENCH_DIE("mmap");
	make_cache();
	return bench_serve(ops);
}
