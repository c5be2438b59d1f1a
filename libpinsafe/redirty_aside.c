// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The keeper's redirty, which must not wait for a file system: for one that is
 * frozen it would wait until that goes on, and other files are broken meanwhile.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "aside.h"
#include "base/clock.h"
#include "base/log.h"
#include "redirty_aside.h"

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

static void run(void *arg)
{
	struct job *job = arg;
	const struct redirty_limit limit = { job_deadline_ns, job };

	redirty(job->ranges, job->n_ranges, &limit);
}

static struct aside *begin(const struct mr_range *ranges, size_t n_ranges,
			   struct job **ret_job)
{
	struct job *job = malloc(sizeof(*job) + n_ranges * sizeof(*ranges));
	struct aside *aside;

	if (!job)
		return NULL;
	job->is_over = false;
	job->n_ranges = n_ranges;
	memcpy(job->ranges, ranges, n_ranges * sizeof(*ranges));
	aside = aside_begin(run, job, free);
	if (aside)
		*ret_job = job;
	else
		free(job);
	return aside;
}

static bool is_time(const struct redirty_limit *limit)
{
	return limit->deadline_ns(limit->arg) <= clock_now_ns();
}

void redirty_aside(const struct mr_range *ranges, size_t n_ranges,
		   const struct redirty_limit *limit)
{
	struct aside *aside = NULL;
	struct job *job;

	if (!is_time(limit))
		aside = begin(ranges, n_ranges, &job);
	if (!aside) {
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
