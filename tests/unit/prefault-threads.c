// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Several threads make a large part present; an error of one stops all. */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/test.h"
#include "prefault.h"

#define CHUNK (16ul << 20)
#define CHUNKS 200
#define MANY_CHUNKS 2000 /* more than are done while a thread sleeps */
#define MAX_TIDS 128

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pid_t tids[MAX_TIDS];
static size_t n_tids, n_asked, stop_at, wait_for_tids;
static pthread_cond_t more_tids = PTHREAD_COND_INITIALIZER;
static char *addr;

static int setup(void **state)
{
	addr = mmap(NULL, MANY_CHUNKS * CHUNK, PROT_READ,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(addr, MAP_FAILED);
	/* So that every page is the same table of zeros, and quick */
	(void)madvise(addr, MANY_CHUNKS * CHUNK, MADV_HUGEPAGE);
	n_tids = 0;
	n_asked = 0;
	stop_at = 0;
	wait_for_tids = 0;
	return 0;
}

static int teardown(void **state)
{
	munmap(addr, MANY_CHUNKS * CHUNK);
	return 0;
}

static bool must_stop(void *arg)
{
	struct timespec deadline;
	bool stop;
	size_t i;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += DEADLINE_MS / 1000;

	pthread_mutex_lock(&mutex);
	for (i = 0; i < n_tids && tids[i] != gettid(); i++)
		;
	if (i == n_tids && n_tids < MAX_TIDS)
		tids[n_tids++] = gettid();
	pthread_cond_broadcast(&more_tids);
	while (n_tids < wait_for_tids &&
	       !pthread_cond_timedwait(&more_tids, &mutex, &deadline))
		;
	stop = ++n_asked == stop_at;
	pthread_mutex_unlock(&mutex);
	return stop;
}

static int run(size_t chunks, unsigned int n_threads)
{
	struct mapping_part part = {
		.start = (uintptr_t)addr,
		.end = (uintptr_t)addr + chunks * CHUNK,
		.readable = true,
	};

	return prefault(&part, sysconf(_SC_PAGESIZE), false, n_threads,
			must_stop, NULL);
}

static void all_chunks__once_each(void **state)
{
	assert_int_equal(run(CHUNKS, 4), 0);
	assert_int_equal(n_asked, CHUNKS);
	assert_in_range(n_tids, 1, 4);
}

static void present_afterwards__all(void **state)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	static unsigned char present[3 * CHUNK / 4096];
	struct mapping_part part = {.readable = true, .writable = true};
	size_t i;

	assert_int_equal(mprotect(addr, 3 * CHUNK, PROT_READ | PROT_WRITE), 0);
	part.start = (uintptr_t)addr + page;
	part.end = (uintptr_t)addr + 3 * CHUNK - page;
	assert_int_equal(prefault(&part, page, true, 3, must_stop, NULL), 0);
	assert_int_equal(mincore(addr, 3 * CHUNK, present), 0);
	for (i = 1; i < 3 * CHUNK / page - 1; i++)
		assert_true(present[i] & 1);
}

static void stopped__others_stop_too(void **state)
{
	stop_at = 3;
	assert_int_equal(run(MANY_CHUNKS, 4), EAGAIN);
	assert_in_range(n_asked, 3, MANY_CHUNKS - 1);
}

static void hole__error_and_others_stop(void **state)
{
	assert_int_equal(munmap(addr + CHUNK, 4096), 0);
	assert_int_equal(run(MANY_CHUNKS, 4), ENOMEM);
	assert_in_range(n_asked, 2, MANY_CHUNKS - 1);
}

static void more_than_64__64(void **state)
{
	wait_for_tids = 64;
	assert_int_equal(run(CHUNKS, 1000), 0);
	assert_int_equal(n_asked, CHUNKS);
	assert_int_equal(n_tids, 64);
}

static void none__as_one(void **state)
{
	assert_int_equal(run(2, 0), 0);
	assert_int_equal(n_tids, 1);
	assert_int_equal(tids[0], gettid());
}

#define THREADS_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		THREADS_CASE(all_chunks__once_each),
		THREADS_CASE(present_afterwards__all),
		THREADS_CASE(stopped__others_stop_too),
		THREADS_CASE(hole__error_and_others_stop),
		THREADS_CASE(more_than_64__64),
		THREADS_CASE(none__as_one),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
