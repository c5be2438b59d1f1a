// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Redirty what devices wrote: on a thread of the program, and for the keeper, which
 * must not wait for a file system: for one that is frozen it would wait until that
 * goes on, and other files are broken meanwhile.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "aside.h"
#include "base/clock.h"
#include "base/log.h"
#include "redirty_written.h"

/* How soon a limit is seen */
#define SLICE_NS (10 * NSEC_PER_MSEC)

struct job {
	atomic_bool is_over;	/* nobody waits any more */
	size_t n_ranges;
	struct mr_range ranges[];
};

static uint64_t job_deadline_ns(void *arg)
{
	const struct job *job = arg;

	return atomic_load(&job->is_over) ? 0 : UINT64_MAX;
}

static int run(void *arg)
{
	struct job *job = arg;
	const struct redirty_limit limit = { job_deadline_ns, job };

	redirty(job->ranges, job->n_ranges, &limit);
	return 0;
}

/* NULL: out of memory */
static struct job *new_job(const struct mr_range *ranges, size_t n_ranges)
{
	struct job *job = malloc(sizeof(*job) + n_ranges * sizeof(*ranges));

	if (!job)
		return NULL;
	job->is_over = false;
	job->n_ranges = n_ranges;
	memcpy(job->ranges, ranges, n_ranges * sizeof(*ranges));
	return job;
}

static bool is_time(const struct redirty_limit *limit)
{
	return limit->deadline_ns(limit->arg) <= clock_now_ns();
}

void redirty_aside(const struct mr_range *ranges, size_t n_ranges,
		   const struct redirty_limit *limit)
{
	struct job *job = is_time(limit) ? NULL : new_job(ranges, n_ranges);
	struct aside *aside = job ? aside_begin(run, job, free) : NULL;

	if (!aside) {
		free(job);
		redirty(ranges, n_ranges, limit);
		return;
	}
	while (!aside_wait(aside, SLICE_NS))
		if (is_time(limit)) {
			atomic_store(&job->is_over, true);
			log_error("redirty: there was no time to wait for a file system: what a device wrote may not get to the file");
			break;
		}
	aside_put(aside);
}

void redirty_found(const struct track_query *query)
{
	struct mr_range *ranges;
	size_t n;
	int r = track_find_written(query, &ranges, &n);

	if (r) {
		log_error("redirty: what devices wrote may not get to the file: %s",
			  strerror(r));
		return;
	}
	redirty(ranges, redirty_merge(ranges, n), NULL);
	free(ranges);
}
