/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_LOG_QUEUE_H
#define PINSAFE_LOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

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

#endif /* PINSAFE_LOG_QUEUE_H */
