// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * How long does a break take, from truncate(2) by another until it goes on?
 *
 *   others N    so many other files are leased, by a memory region each
 *   break N     a file with N memory regions is broken
 *   all N       N files with 10 memory regions each are broken at once
 *   dereg N     for comparison: N memory regions are deregistered
 */
#include <stdlib.h>
#include <unistd.h>

#include "lib/bench.h"

#define PER_FILE 10

static void op_others(long n)
{
	struct bench_file file;

	while (n--) {
		bench_map(&file, BENCH_PAGE);
		bench_bare_lease(&file);
		bench_reg(file.addr, BENCH_PAGE);
		unlink(file.path);
	}
}

static struct ibv_mr **reg_many(const struct bench_file *file, long n)
{
	struct ibv_mr **mrs = calloc(n, sizeof(*mrs));
	long i;

	if (!mrs)
		BENCH_DIE("memory");
	for (i = 0; i < n; i++)
		mrs[i] = bench_reg(file->addr, file->size);
	return mrs;
}

static void dereg_many(struct ibv_mr **mrs, long n)
{
	long i;

	for (i = 0; i < n; i++)
		bench_dereg(mrs[i]);
	free(mrs);
}

static void op_break(long n)
{
	struct bench_file file;
	struct ibv_mr **mrs;
	uint64_t cpu_ns, wall_ns;

	bench_map(&file, BENCH_PAGE);
	mrs = reg_many(&file, n);
	cpu_ns = bench_cpu_ns();
	wall_ns = bench_break(&file);
	bench_answer(wall_ns, bench_cpu_ns() - cpu_ns);
	dereg_many(mrs, n);
	bench_unmap(&file);
}

/* Only with lib/kernel.c */
static void op_all(long n)
{
	struct bench_file *files = calloc(n, sizeof(*files));
	struct ibv_mr ***mrs = calloc(n, sizeof(*mrs));
	uint64_t cpu_ns, wall_ns;
	long i;

	for (i = 0; i < n; i++) {
		bench_map(&files[i], BENCH_PAGE);
		mrs[i] = reg_many(&files[i], PER_FILE);
	}
	cpu_ns = bench_cpu_ns();
	files[0].ino = 0;
	wall_ns = bench_break(&files[0]);
	bench_answer(wall_ns, bench_cpu_ns() - cpu_ns);
	for (i = 0; i < n; i++) {
		dereg_many(mrs[i], PER_FILE);
		bench_unmap(&files[i]);
	}
	free(files);
	free(mrs);
}

static void op_dereg(long n)
{
	struct bench_file file;
	struct ibv_mr **mrs;

	bench_map(&file, BENCH_PAGE);
	bench_populate(&file);
	bench_bare_lease(&file);
	mrs = reg_many(&file, n);
	bench_begin();
	dereg_many(mrs, n);
	bench_end();
	bench_unmap(&file);
}

int main(void)
{
	static const struct bench_op ops[] = {
		{ "others", op_others }, { "break", op_break },
		{ "all", op_all },	 { "dereg", op_dereg },
		{ NULL, NULL },
	};

	bench_more_files();
	bench_breaks();
	bench_open();
	return bench_serve(ops);
}
