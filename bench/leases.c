// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What does it cost to take a lease and to give it back, with so many others, and
 * what do they cost while nothing happens?
 *
 *   others N    so many other files are leased, by a memory region each
 *   take N      N times the only memory region of a file comes and goes
 *   idle N      N ms pass; the CPU time is what it took meanwhile
 */
#include <time.h>
#include <unistd.h>

#include "lib/bench.h"

static struct bench_file file;

static void op_others(long n)
{
	struct bench_file other;

	while (n--) {
		bench_map(&other, BENCH_PAGE);
		bench_reg(other.addr, BENCH_PAGE);
		unlink(other.path);
	}
}

static void op_take(long n)
{
	while (n--)
		bench_dereg(bench_reg(file.addr, BENCH_PAGE));
}

static void op_idle(long n)
{
	struct timespec ts = { n / 1000, n % 1000 * 1000000 };

	nanosleep(&ts, NULL);
}

int main(void)
{
	static const struct bench_op ops[] = {
		{ "others", op_others },
		{ "take", op_take },
		{ "idle", op_idle },
		{ NULL, NULL },
	};

	bench_more_files();
	bench_open();
	bench_map(&file, BENCH_PAGE);
	bench_populate(&file);
	return bench_serve(ops);
}
