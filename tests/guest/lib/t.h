/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Checks, deadlines and the exit status of a guest test.
 *
 * A test prints one line per check and exits with 0 (all held), 1 (one did
 * not) or 77 (skipped: the guest lacks what the test needs).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define T_SKIPPED 77

/* "ok N - ..." or "not ok N - ..."; returns cond */
bool t_ok(bool cond, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* The same for a call that returned 0 or an errno value, which is named */
bool t_zero(int err, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

void t_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* The guest cannot run the test */
void t_skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* The setting up of the test failed, so nothing after it means anything */
void t_bail(const char *fmt, ...)
	__attribute__((format(printf, 1, 2), noreturn));

/* Print the sum; returns the exit status */
int t_done(void);

/* "ok" for 0, else the name such as "ENOSPC" */
const char *t_errname(int err);

/* The value behind a name such as "ENOSPC"; bails out on an unknown one */
int t_errvalue(const char *name);

uint64_t t_now_ns(void);
double t_ms(uint64_t ns);

/* Ask fn(arg) until it says true; false when it did not within ms */
bool t_wait(bool (*fn)(void *arg), void *arg, int ms);

/* Memory that stays shared with the children; zeroed, never freed */
void *t_shared(size_t size);
