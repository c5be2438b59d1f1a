// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What is added to the registration of memory that needs no guard?
 *
 *   size N      bytes of it from here on, 4096 to begin with
 *   leases N    so many files are leased, by a memory region each
 *   mappings N  so many more mappings in the process
 *   threads N   so many threads, each with memory of its own
 *   reg N       N times ibv_reg_mr() and ibv_dereg_mr(), in each thread
 */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/bench.h"

#define MAX_THREADS 64

static size_t size = BENCH_PAGE;
static char *memory[MAX_THREADS];
static long n_threads = 1, n_todo;

static void map_memory(void)
{
	long i;

	for (i = 0; i < n_threads; i++) {
		memory[i] = mmap(NULL, size, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (memory[i] == MAP_FAILED)
			BENCH_DIE("mmap");
		memset(memory[i], 1, size);
	}
}

static void op_size(long n)
{
	size = n;
	map_memory();
}

static void op_leases(long n)
{
	struct bench_file file;

	while (n--) {
		bench_map(&file, BENCH_PAGE);
		bench_bare_lease(&file);
		bench_reg(file.addr, file.size);
	}
}

/* Pages of one mapping with other rights each; below all that is looked for */
static void op_mappings(long n)
{
	char *first = mmap(NULL, n * BENCH_PAGE, PROT_READ,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	long i;

	if (first == MAP_FAILED)
		BENCH_DIE("mmap");
	for (i = 0; i < n; i += 2)
		if (mprotect(first + i * BENCH_PAGE, BENCH_PAGE,
			     PROT_READ | PROT_WRITE))
			BENCH_DIE("mprotect");
}

static void op_threads(long n)
{
	n_threads = n < MAX_THREADS ? n : MAX_THREADS;
	map_memory();
}

static void *loop(void *arg)
{
	long n = n_todo;

	while (n--)
		bench_dereg(bench_reg(arg, size));
	return NULL;
}

static void op_reg(long n)
{
	pthread_t threads[MAX_THREADS];
	long i;

	n_todo = n;
	for (i = 1; i < n_threads; i++)
		if (pthread_create(&threads[i], NULL, loop, memory[i]))
			BENCH_DIE("pthread_create");
	loop(memory[0]);
	for (i = 1; i < n_threads; i++)
		pthread_join(threads[i], NULL);
}

int main(void)
{
	static const struct bench_op ops[] = {
		{ "size", op_size },	     { "leases", op_leases },
		{ "mappings", op_mappings }, { "threads", op_threads },
		{ "reg", op_reg },	     { NULL, NULL },
	};

	bench_more_files();
	bench_open();
	map_memory();
	return bench_serve(ops);
}
