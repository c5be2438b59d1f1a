/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_LOG_H
#define PINSAFE_LOG_H

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* @file is borrowed for ever; NULL means standard error. */
void log_setup(enum log_level level, const char *file);

/*
 * How this thread gets at the program's standard error, if not as its own
 * descriptor 2: the function returns a descriptor that log.c closes, or -1.
 */
void log_borrow_stderr(int (*borrow)(void));

/* One line, one write(2).  Keeps errno. */
void log_line(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...) log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...) log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif /* PINSAFE_LOG_H */
