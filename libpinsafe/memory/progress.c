// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * How far the prefault of a large range is: for the log and the program.  And
 * whoever interrupts it by Ctrl-C shall not have to wait until its end.
 */
#include <errno.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "memory/prefault.h"

#define LOOK_EVERY_NS (100 * NSEC_PER_MSEC)
#define LOG_EVERY_NS NSEC_PER_SEC

static int tell(const struct progress *progress, size_t done)
{
	if (progress->tell &&
	    progress->tell(done, progress->total, progress->user_data))
		return ECANCELED;
	return 0;
}

void progress_begin(struct progress *progress,
		    const struct reg_options *options,
		    const struct section *section)
{
	*progress = (struct progress){
		.tell = options ? options->progress : NULL,
		.user_data = options ? options->user_data : NULL,
		.section = section,
	};
}

int progress_made(struct progress *progress, size_t done)
{
	uint64_t now = clock_now_ns();

	/* The first chunk: to look at the clock before it is not worth it. */
	if (!progress->begun_ns)
		progress->begun_ns = progress->seen_ns = progress->logged_ns =
			now;
	if (now - progress->seen_ns < LOOK_EVERY_NS)
		return 0;
	progress->seen_ns = now;
	done += progress->done_before;
	section_let_end(progress->section);
	if (now - progress->logged_ns >= LOG_EVERY_NS) {
		progress->logged_ns = now;
		log_info("guard: %s: %zu of %zu MiB of the range are allocated and present, after %llu s",
			 progress->path, done >> 20, progress->total >> 20,
			 (now - progress->begun_ns) / NSEC_PER_SEC);
	}
	return tell(progress, done);
}

int progress_end(struct progress *progress)
{
	return tell(progress, progress->total);
}
