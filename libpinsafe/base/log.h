/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* @file is borrowed for ever; NULL means standard error. */
void log_setup(enum log_level level, const char *file);

/* From now on lines of this thread go to log_queue.c. */
void log_defer(void);

/* One line, one write(2).  Keeps errno. */
void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Where lines go; for log*.c */

void log_file_set(const char *file);
bool log_file_is_set(void);

/* At load: which file descriptor 2 is, that lines may be written to */
void log_file_remember_stderr(void);

/* A line to where all go; there is nobody to tell if that fails. */
void log_file_write(const char *line, size_t size);
/* Would that not have to wait just now? */
bool log_file_takes_lines(void);

/* Lines of the keeper */

#define LOG_LINE_SIZE 1024

/* For the keeper: enter a line, or drop it if there is no room; never waits. */
void log_queue_put(const char *line, size_t size);

/*
 * For threads of the program, without locks: write out what is there, unless
 * somebody does or it would have to wait for a reader.
 */
void log_queue_drain(void);

/*
 * Start the thread that writes lines when no thread of the program comes by;
 * for a thread with the descriptors of the program.
 */
void log_queue_start(void);
/* Is there one? */
bool log_queue_has_thread(void);

/* For fork.h */
void log_queue_forget(void);

enum once_topic {
	ONCE_UNGUARDED,
	ONCE_ON_DEMAND,
	ONCE_HALF_GUARDED,
	ONCE_ORDINARY,
};

/*
 * For warnings: true when it is asked for the first time for a file; the process
 * remembers the last files only.  Any thread.
 */
bool once_for_file(enum once_topic topic, dev_t dev, ino_t ino);
