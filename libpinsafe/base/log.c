// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Log lines: which are said, and by whom they are written. */
#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/lock.h"
#include "base/log.h"

static _Atomic(enum log_level) max_level = LOG_LEVEL_WARN;
static __thread bool is_deferred;

void log_setup(enum log_level level, const char *file)
{
	max_level = level;
	log_file_set(file);
}

void log_defer(void)
{
	is_deferred = true;
}

void log_line(enum log_level level, const char *format, ...)
{
	int saved_errno = errno;
	char line[LOG_LINE_SIZE];
	va_list args;
	size_t n;

	if (level > max_level)
		return;
	n = snprintf(line, sizeof(line), "pinsafe: ");
	va_start(args, format);
	(void)vsnprintf(line + n, sizeof(line) - n, format, args);
	va_end(args);
	n = strlen(line);
	line[n++] = '\n';
	if (is_deferred) {
		log_queue_put(line, n);
	} else {
		log_queue_drain();
		log_file_write(line, n);
	}
	errno = saved_errno;
}

/* Warnings that are given once for each file. */

#define N_FILES 64

static struct {
	enum once_topic topic;
	dev_t dev;
	ino_t ino;
} said[N_FILES] PS_GUARDED_BY(table_lock);
static size_t n_said PS_GUARDED_BY(table_lock);

static bool say(enum once_topic topic, dev_t dev, ino_t ino)
	PS_REQUIRES(table_lock)
{
	size_t i;

	for (i = 0; i < n_said && i < N_FILES; i++)
		if (said[i].topic == topic && said[i].dev == dev &&
		    said[i].ino == ino)
			return false;
	i = n_said++ % N_FILES;
	said[i].topic = topic;
	said[i].dev = dev;
	said[i].ino = ino;
	return true;
}

bool once_for_file(enum once_topic topic, dev_t dev, ino_t ino)
{
	SECTION(section);

	return PS_LOCKED(&table_lock, say(topic, dev, ino));
}
