/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What every test starts with.  Assertions jump, so they are for the main
 * thread only; other threads leave something behind that it looks at.
 */
#ifndef TEST_H
#define TEST_H

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CASE(fn) cmocka_unit_test(fn)
#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

#ifdef __has_feature
#define TEST_HAS_FEATURE(feature) __has_feature(feature)
#else
#define TEST_HAS_FEATURE(feature) 0
#endif
#if defined(__SANITIZE_THREAD__) || TEST_HAS_FEATURE(thread_sanitizer)
#define UNDER_TSAN 1
#else
#define UNDER_TSAN 0
#endif

/* Nothing that is waited for may take longer than this. */
#define DEADLINE_MS 20000

#define SKIP_CASE(...)                      \
	do {                                \
		print_message("skipped: "); \
		print_message(__VA_ARGS__); \
		print_message("\n");        \
		skip();                     \
	} while (0)

#endif /* TEST_H */
