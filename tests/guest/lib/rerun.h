/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* The test's program once more, in another environment. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/*
 * Have pinsafe log into a file.  It reads its environment when it is loaded,
 * so this starts the program again, once.  Call it first.
 */
void rerun_with_log(char **argv);

/* How many lines of the log contain this; clear it to count from now on */
int rerun_log_count(const char *text);
void rerun_log_clear(void);

/* Wait for a line that another thread writes; more than n are wrong, too */
bool rerun_log_wait(const char *text, int n, int ms);

/*
 * What the program prints when it runs with NAME=VALUE and one more argument;
 * bails out if it fails or prints more than fits.
 */
void rerun_output(char **argv, const char *name, const char *value,
		  const char *argument, char *ret, size_t size);
