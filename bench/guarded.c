// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What is added to the registration of a file that is guarded?
 *
 *   size N       a populated file of N bytes, and a memory region that keeps its
 *                lease held
 *   reg N        N times ibv_reg_mr() and ibv_dereg_mr() of all of it
 *   populate N   MADV_POPULATE_WRITE of a new file of N bytes
 *   first N      the first ibv_reg_mr() of such a file
 *   bytes N      N memory regions of one page; answers how many bytes of the heap
 *                they take, instead of a time
 */
#include <malloc.h>
#include <unistd.h>

#include "lib/bench.h"

static struct bench_file held;

static void op_size(long n)
{
	bench_map(&held, n);
	bench_populate(&held);
	bench_bare_lease(&held);
	bench_reg(held.addr, BENCH_PAGE);
}

static void op_reg(long n)
{
	while (n--)
		bench_dereg(bench_reg(held.addr, held.size));
}

static void op_populate(long n)
{
	struct bench_file file;

	bench_map(&file, n);
	bench_begin();
	bench_populate(&file);
	bench_end();
	bench_unmap(&file);
}

static void op_first(long n)
{
	struct bench_file file;
	struct ibv_mr *mr;

	bench_map(&file, n);
	bench_begin();
	mr = bench_reg(file.addr, n);
	bench_end();
	bench_dereg(mr);
	bench_unmap(&file);
}

static size_t heap(void)
{
	struct mallinfo2 info = mallinfo2();

	/* In arenas, and in mappings of their own */
	return info.uordblks + info.hblkhd;
}

static void op_bytes(long n)
{
	struct bench_file file;
	size_t before;
	long i;

	bench_map(&file, BENCH_PAGE);
	bench_bare_lease(&file);
	bench_reg(file.addr, BENCH_PAGE);
	before = heap();
	for (i = 0; i < n; i++)
		bench_reg(file.addr, BENCH_PAGE);
	bench_answer(heap() - before, 0);
	unlink(file.path);
}

int main(void)
{
	static const struct bench_op ops[] = {
		{ "size", op_size },	     { "reg", op_reg },
		{ "populate", op_populate }, { "first", op_first },
		{ "bytes", op_bytes },	     { NULL, NULL },
	};

	bench_open();
	return bench_serve(ops);
}
