/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_LOG_FILE_H
#define PINSAFE_LOG_FILE_H

#include <stdbool.h>
#include <stddef.h>

/* @file is borrowed for ever; NULL means standard error. */
void log_file_set(const char *file);
bool log_file_is_set(void);

/* At load: which file descriptor 2 is, that lines may be written to */
void log_file_remember_stderr(void);

/* A line to where all go; there is nobody to tell if that fails. */
void log_file_write(const char *line, size_t size);
/* Would that not have to wait just now? */
bool log_file_takes_lines(void);

#endif /* PINSAFE_LOG_FILE_H */
