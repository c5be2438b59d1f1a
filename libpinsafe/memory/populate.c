// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Make the pages of a range present, by several threads.
 *
 * How many help depends on what the pages come from: with pages that are present
 * no second one does, with zeroed memory as many as there are CPUs, with a disk
 * maybe more.  So their number is doubled as long as that is worth it.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/sys.h"
#include "memory/populate.h"

/*
 * Aligned to its size, so that no huge page belongs to two threads; small enough
 * that a break does not wait for long, nor more threads are tried for long.
 */
#define CHUNK_SIZE (2ul << 20)
#define MAX_THREADS 64

/* What takes less time than this needs no other thread. */
#define LOOK_AFTER_NS (4 * NSEC_PER_MSEC)
/* Twice the threads have to do at least 5/4 of the work. */
#define WORTH_IT(rate, before) ((rate) >= (before) + (before) / 4)
/*
 * Something else may have had the CPUs, or the disk, meanwhile.  But those that do
 * not help cost time: they spin for a lock of the file system.
 */
#define TRY_AGAIN_NS (NSEC_PER_SEC / 4)
#define MIN_SETTLED 16 /* times as long as it was tried */

struct work {
	const struct populate_range *range;
	const struct populate_watch *watch;
	_Atomic uintptr_t next;		/* start of a chunk */
	_Atomic size_t done;		/* bytes */
	_Atomic int error;		/* of one thread: all stop */
	_Atomic unsigned int wanted;	/* threads, with the calling one */
	_Atomic unsigned int n_begun;	/* of those that were ever made */
	struct worker {
		struct work *work;
		unsigned int number;
		pthread_t thread;
	} workers[MAX_THREADS];		/* the first is the calling thread */
	unsigned int n_workers;		/* that there are */
	unsigned int n_made;		/* threads, ever */
};

/* What the calling thread sees of how fast it goes */
struct pace {
	uint64_t since_ns;
	size_t since_done;
	uint64_t rate_before;		/* by half as many threads; 0: not known */
	uint64_t settled_until_ns;
};

/* False: there is no chunk left, or nothing should be done any more. */
static bool populate_chunk(struct work *work)
{
	const struct populate_range *range = work->range;
	uintptr_t start, end;
	int r;

	if (work->error)
		return false;
	start = atomic_fetch_add(&work->next, CHUNK_SIZE);
	if (start >= range->end)
		return false;
	end = range->end - start > CHUNK_SIZE ? start + CHUNK_SIZE : range->end;
	if (start < range->start)
		start = range->start;
	r = work->watch->must_stop(work->watch->arg) ?
		    EAGAIN :
		    populate_pages(start, end, range->advice);
	if (r)
		work->error = r;
	else
		work->done += end - start;
	return !r;
}

static void *populate_chunks(void *arg)
{
	struct worker *worker = arg;

	worker->work->n_begun++;
	while (worker->number < worker->work->wanted &&
	       populate_chunk(worker->work))
		;
	return NULL;
}

/* Some may not be had: a limit of threads, or no memory for their stacks. */
static void hire(struct work *work, unsigned int wanted)
{
	struct worker *worker;

	work->wanted = wanted;
	while (work->n_workers < wanted) {
		worker = &work->workers[work->n_workers];
		worker->work = work;
		worker->number = work->n_workers;
		if (pthread_create(&worker->thread, NULL, populate_chunks,
				   worker))
			break;
		work->n_workers++;
		work->n_made++;
	}
	work->wanted = work->n_workers;
}

static void dismiss(struct work *work, unsigned int wanted)
{
	work->wanted = wanted;
	while (work->n_workers > wanted)
		pthread_join(work->workers[--work->n_workers].thread, NULL);
}

/* Bytes for each millisecond since the last look; 0: it is too early to say */
static uint64_t rate_now(const struct work *work, const struct pace *pace,
			 uint64_t now)
{
	uint64_t done = work->done - pace->since_done;

	if (now - pace->since_ns < LOOK_AFTER_NS ||
	    done / CHUNK_SIZE < 2 * (work->n_workers + 1))
		return 0;
	return done * NSEC_PER_MSEC / (now - pace->since_ns);
}

static void adjust(struct work *work, struct pace *pace)
{
	unsigned int n = work->n_workers;
	uint64_t now = clock_now_ns(), rate = rate_now(work, pace, now);
	uint64_t pause = MIN_SETTLED * (now - pace->since_ns);

	if (work->n_begun == work->n_made) {
		if (!rate || now < pace->settled_until_ns)
			return;
		if (pace->rate_before && !WORTH_IT(rate, pace->rate_before))
			dismiss(work, n / 2);
		else
			hire(work, n * 2 < MAX_THREADS ? n * 2 : MAX_THREADS);
		pace->rate_before = work->n_workers > n ? rate : 0;
		if (!pace->rate_before)
			pace->settled_until_ns =
				now +
				(pause > TRY_AGAIN_NS ? pause : TRY_AGAIN_NS);
	}
	/* Look anew, also as long as not all that were made have begun. */
	pace->since_ns = clock_now_ns();
	pace->since_done = work->done;
}

static void populate_and_look(struct work *work)
{
	struct pace pace;
	int r;

	/* Nobody has to be told of one that is the only one. */
	if (work->range->end - work->next <= CHUNK_SIZE) {
		populate_chunk(work);
		return;
	}
	pace = (struct pace){ .since_ns = clock_now_ns() };
	while (populate_chunk(work)) {
		r = work->watch->tell(work->watch->arg, work->done);
		if (r)
			work->error = r;
		else if (!work->range->n_threads)
			adjust(work, &pace);
	}
}

int populate(const struct populate_range *range,
	     const struct populate_watch *watch)
{
	unsigned int n = range->n_threads;
	struct work work = {
		.range = range,
		.watch = watch,
		.next = range->start & ~(CHUNK_SIZE - 1),
		.n_workers = 1,
		.wanted = 1,
	};

	if (n > 1)
		hire(&work, n < MAX_THREADS ? n : MAX_THREADS);
	populate_and_look(&work);
	dismiss(&work, 1);
	return work.error;
}
