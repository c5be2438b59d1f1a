// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"

struct ibv_pd *bench_pd;

static uint64_t clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

uint64_t bench_wall_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

uint64_t bench_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

/* Of the operation that runs */
static struct {
	uint64_t wall_ns, cpu_ns;
	bool is_over;
} now;

void bench_begin(void)
{
	now.is_over = false;
	now.cpu_ns = bench_cpu_ns();
	now.wall_ns = bench_wall_ns();
}

void bench_end(void)
{
	bench_answer(bench_wall_ns() - now.wall_ns,
		     bench_cpu_ns() - now.cpu_ns);
}

void bench_answer(uint64_t wall_ns, uint64_t cpu_ns)
{
	now.wall_ns = wall_ns;
	now.cpu_ns = cpu_ns;
	now.is_over = true;
}

static const struct bench_op *find(const struct bench_op *op, const char *name)
{
	while (op->name && strcmp(op->name, name))
		op++;
	return op->name ? op : NULL;
}

int bench_serve(const struct bench_op *ops)
{
	const struct bench_op *op;
	char name[32];
	long n;

	while (scanf("%31s %ld", name, &n) == 2) {
		op = find(ops, name);
		if (!op)
			BENCH_DIE("there is no operation %s", name);
		bench_begin();
		op->fn(n);
		if (!now.is_over)
			bench_end();
		printf("%llu %llu %ld\n", (unsigned long long)now.wall_ns,
		       (unsigned long long)now.cpu_ns, n);
		fflush(stdout);
	}
	/* Whatever is registered goes with the process. */
	_exit(0);
}

void bench_open(void)
{
	const char *wanted = getenv("BENCH_DEVICE");
	struct ibv_context *context = NULL;
	struct ibv_device **list;
	int n = 0, i;

	list = ibv_get_device_list(&n);
	for (i = 0; list && i < n && !context; i++)
		if (!wanted || !strcmp(ibv_get_device_name(list[i]), wanted))
			context = ibv_open_device(list[i]);
	if (!context)
		BENCH_DIE("no device");
	bench_pd = ibv_alloc_pd(context);
	if (!bench_pd)
		BENCH_DIE("ibv_alloc_pd");
}

void bench_more_files(void)
{
	struct rlimit limit = { 200000, 200000 };

	if (!setrlimit(RLIMIT_NOFILE, &limit))
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

struct ibv_mr *bench_reg(void *addr, size_t size)
{
	struct ibv_mr *mr =
		ibv_reg_mr(bench_pd, addr, size,
			   IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);

	if (!mr)
		BENCH_DIE("ibv_reg_mr of %zu bytes", size);
	return mr;
}

void bench_dereg(struct ibv_mr *mr)
{
	if (ibv_dereg_mr(mr))
		BENCH_DIE("ibv_dereg_mr");
}
