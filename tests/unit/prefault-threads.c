// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Several threads make a large part present; an error of one stops all. */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/test.h"
#include "memory/prefault.h"

#define CHUNK (2ul << 20)
#define CHUNKS 100
#define MANY_CHUNKS 8000 /* more than are done while a thread sleeps */
#define MAX_TIDS 128

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pid_t tids[MAX_TIDS];
static size_t n_tids, n_asked, n_told, stop_at, stop_telling_at, wait_for_tids;
static pthread_cond_t more_tids = PTHREAD_COND_INITIALIZER;
static char *mapped, *addr;

/* How long a chunk takes that is not really made present */
static enum {
	NONE,
	CLOCK_STANDS_STILL,
	WAITS_FOR_A_DEVICE,
	ONE_AT_A_TIME,
} slowness;
static size_t told_done;

int __real_sys_madvise(void *start, size_t length, int advice);
int __wrap_sys_madvise(void *start, size_t length, int advice);
int __real_sys_clock_gettime(clockid_t clock, struct timespec *ret_ts);
int __wrap_sys_clock_gettime(clockid_t clock, struct timespec *ret_ts);

int __wrap_sys_madvise(void *start, size_t length, int advice)
{
	static pthread_mutex_t device = PTHREAD_MUTEX_INITIALIZER;

	if (slowness == ONE_AT_A_TIME)
		pthread_mutex_lock(&device);
	if (slowness >= WAITS_FOR_A_DEVICE)
		usleep(3000);
	if (slowness == ONE_AT_A_TIME)
		pthread_mutex_unlock(&device);
	return slowness ? 0 : __real_sys_madvise(start, length, advice);
}

int __wrap_sys_clock_gettime(clockid_t clock, struct timespec *ret_ts)
{
	if (slowness != CLOCK_STANDS_STILL)
		return __real_sys_clock_gettime(clock, ret_ts);
	*ret_ts = (struct timespec){ 0 };
	return 0;
}

static int setup(void **state)
{
	mapped = mmap(NULL, (MANY_CHUNKS + 1) * CHUNK, PROT_READ,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(mapped, MAP_FAILED);
	addr = (char *)(((uintptr_t)mapped + CHUNK - 1) & ~(CHUNK - 1));
	/* So that every page is the same table of zeros, and quick */
	(void)madvise(addr, MANY_CHUNKS * CHUNK, MADV_HUGEPAGE);
	n_tids = 0;
	n_asked = 0;
	n_told = 0;
	stop_at = 0;
	stop_telling_at = 0;
	slowness = NONE;
	wait_for_tids = 0;
	return 0;
}

static int teardown(void **state)
{
	munmap(mapped, (MANY_CHUNKS + 1) * CHUNK);
	return 0;
}

#define THREADS_CASE(fn) CASE_WITH(fn, setup, teardown)

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

static int tell(void *arg, size_t done)
{
	told_done = done;
	return ++n_told == stop_telling_at ? ECANCELED : 0;
}

static const struct populate_watch watch = { must_stop, tell, NULL };

static int run(size_t chunks, unsigned int n_threads)
{
	struct mapping_part part = {
		.start = (uintptr_t)addr,
		.end = (uintptr_t)addr + chunks * CHUNK,
		.readable = true,
	};

	return prefault(&part, sysconf(_SC_PAGESIZE), false, n_threads,
			&watch);
}

THREADS_CASE(all_chunks__once_each)
{
	assert_int_equal(run(CHUNKS, 4), 0);
	assert_int_equal(n_asked, CHUNKS);
	assert_in_range(n_tids, 1, 4);
}

THREADS_CASE(present_afterwards__all)
{
	const size_t page = sysconf(_SC_PAGESIZE);
	static unsigned char present[3 * CHUNK / 4096];
	struct mapping_part part = {.readable = true, .writable = true};
	size_t i;

	assert_int_equal(mprotect(addr, 3 * CHUNK, PROT_READ | PROT_WRITE), 0);
	part.start = (uintptr_t)addr + page;
	part.end = (uintptr_t)addr + 3 * CHUNK - page;
	assert_int_equal(prefault(&part, page, true, 3, &watch), 0);
	assert_int_equal(mincore(addr, 3 * CHUNK, present), 0);
	for (i = 1; i < 3 * CHUNK / page - 1; i++)
		assert_true(present[i] & 1);
}

THREADS_CASE(stopped__others_stop_too)
{
	stop_at = 3;
	assert_int_equal(run(MANY_CHUNKS, 4), EAGAIN);
	assert_in_range(n_asked, 3, MANY_CHUNKS - 1);
}

THREADS_CASE(hole__error_and_others_stop)
{
	assert_int_equal(munmap(addr + CHUNK, 4096), 0);
	assert_int_equal(run(MANY_CHUNKS, 4), ENOMEM);
	assert_in_range(n_asked, 2, MANY_CHUNKS - 1);
}

THREADS_CASE(more_than_64__64)
{
	wait_for_tids = 64;
	assert_int_equal(run(CHUNKS, 1000), 0);
	assert_int_equal(n_asked, CHUNKS);
	assert_int_equal(n_tids, 64);
}

THREADS_CASE(unaligned__huge_pages_are_of_one_thread)
{
	struct mapping_part part = {
		.start = (uintptr_t)addr + CHUNK - CHUNK / 4,
		.end = (uintptr_t)addr + 2 * CHUNK + CHUNK / 4,
		.readable = true,
	};

	assert_int_equal(prefault(&part, sysconf(_SC_PAGESIZE), false, 1,
				  &watch),
			 0);
	assert_int_equal(n_asked, 3);
	assert_int_equal(told_done, CHUNK + CHUNK / 2);
}

THREADS_CASE(told_that_nobody_wants_it__ends)
{
	stop_telling_at = 2;
	assert_int_equal(run(MANY_CHUNKS, 4), ECANCELED);
	assert_int_equal(n_told, 2);
	assert_in_range(n_asked, 2, MANY_CHUNKS - 1);
}

THREADS_CASE(by_trying__one_if_it_is_quick)
{
	/* For this clock all is. */
	slowness = CLOCK_STANDS_STILL;
	assert_int_equal(run(CHUNKS, 0), 0);
	assert_int_equal(n_tids, 1);
	assert_int_equal(tids[0], gettid());
	assert_int_equal(told_done, CHUNKS * CHUNK);
}

THREADS_CASE(by_trying__many_if_they_help)
{
	slowness = WAITS_FOR_A_DEVICE;
	assert_int_equal(run(5 * CHUNKS, 0), 0);
	assert_int_equal(n_asked, 5 * CHUNKS);
	assert_in_range(n_tids, 4, MAX_TIDS);
}

THREADS_CASE(by_trying__few_if_they_do_not)
{
	slowness = ONE_AT_A_TIME;
	assert_int_equal(run(CHUNKS, 0), 0);
	assert_int_equal(n_asked, CHUNKS);
	/* One was tried at least. */
	assert_in_range(n_tids, 2, 16);
}
