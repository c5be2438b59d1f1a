// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Lines of the keeper.  It must not wait for who reads standard error, nor for
 * the file system of a log file, and it has descriptors of its own.  So others
 * write them: a thread of the program that has asked the keeper for something
 * and comes back, or else a thread of ours that does nothing but that.
 */
#include <errno.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/neutral.h"
#include "base/sys.h"

#define MAX_LINES 64

/* What a thread of the program waits at most for another one that writes */
#define PATIENCE_NS (100 * NSEC_PER_MSEC)

static pthread_cond_t has_lines = PTHREAD_COND_INITIALIZER;
static pthread_cond_t has_written = PTHREAD_COND_INITIALIZER;
static struct line {
	size_t size;
	char text[LOG_LINE_SIZE];
} lines[MAX_LINES] PS_GUARDED_BY(log_lock);
static size_t first PS_GUARDED_BY(log_lock), n_lines PS_GUARDED_BY(log_lock);
static uint64_t n_dropped PS_GUARDED_BY(log_lock);
/* Since when somebody writes a line, 0: nobody does */
static uint64_t writing_since_ns PS_GUARDED_BY(log_lock);
static atomic_bool has_thread;
/* Nothing is to be written, and nobody is at it. */
static atomic_bool is_idle = true;

static void note_idle(void) PS_REQUIRES(log_lock)
{
	is_idle = !n_lines && !n_dropped && !writing_since_ns;
}

void log_queue_put(const char *text, size_t size)
{
	struct line *line;

	ps_lock(&log_lock);
	if (n_lines == MAX_LINES) {
		n_dropped++;
	} else {
		line = &lines[(first + n_lines++) % MAX_LINES];
		line->size = size;
		memcpy(line->text, text, size);
	}
	note_idle();
	pthread_cond_signal(&has_lines);
	ps_unlock(&log_lock);
}

/* What was dropped is said when there is room again. */
static bool take(struct line *ret_line) PS_REQUIRES(log_lock)
{
	if (n_lines) {
		*ret_line = lines[first];
		first = (first + 1) % MAX_LINES;
		n_lines--;
		return true;
	}
	if (!n_dropped)
		return false;
	ret_line->size = snprintf(
		ret_line->text, sizeof(ret_line->text),
		"pinsafe: log: %llu lines were dropped, because the log takes none\n",
		(unsigned long long)n_dropped);
	n_dropped = 0;
	return true;
}

/* In a section: a signal handler of the program may log, too. */
static void write_all(bool may_wait) PS_REQUIRES(log_lock)
{
	struct line line;

	while (!writing_since_ns && (may_wait || log_file_takes_lines()) &&
	       take(&line)) {
		writing_since_ns = clock_now_ns();
		ps_unlock(&log_lock);
		log_file_write(line.text, line.size);
		ps_lock(&log_lock);
		writing_since_ns = 0;
		note_idle();
		pthread_cond_broadcast(&has_written);
	}
}

static void wait_for_writer(void) PS_REQUIRES(log_lock)
{
	struct timespec deadline;

	while (writing_since_ns &&
	       clock_now_ns() < writing_since_ns + PATIENCE_NS) {
		deadline = clock_timespec(writing_since_ns + PATIENCE_NS);
		ps_timed_wait(&has_written, &log_lock, &deadline);
	}
}

void log_queue_drain(void)
{
	int saved_errno = errno;

	/* Whatever the keeper said before it answered shows here. */
	if (is_idle)
		return;
	SECTION(section);
	ps_lock(&log_lock);
	wait_for_writer();
	write_all(false);
	ps_unlock(&log_lock);
	errno = saved_errno;
}

static void *write_for_ever(void *arg)
{
	neutral_become("pinsafe-log");
	/* A log file has to be opened, also if the program's table is full. */
	if (log_file_is_set())
		(void)sys_close_range(STDERR_FILENO + 1, ~0u,
				      CLOSE_RANGE_UNSHARE);
	ps_lock(&log_lock);
	for (;;) {
		write_all(true);
		ps_wait(writing_since_ns ? &has_written : &has_lines,
			&log_lock);
	}
	return NULL;
}

void log_queue_start(void)
{
	pthread_t thread;

	/* Without it the lines wait for a thread of the program. */
	if (!has_thread)
		has_thread = !neutral_start(write_for_ever, NULL, NULL, &thread);
}

bool log_queue_has_thread(void)
{
	return has_thread;
}

__attribute__((destructor)) static void drain_at_exit(void)
{
	log_queue_drain();
}

void log_queue_forget(void) PS_ATTR(no_thread_safety_analysis)
{
	has_lines = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	has_written = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
	n_lines = 0;
	n_dropped = 0;
	writing_since_ns = 0;
	note_idle();
	has_thread = false;
}
