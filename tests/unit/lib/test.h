/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What every test starts with.  Assertions jump, so they are for the main
 * thread only; other threads leave something behind that it looks at.
 */
#pragma once

/* cmocka.h needs these first */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/*
 * A case stands once, where it is defined: CASE(state__behaviour) { ... }.  They
 * run in the order of the file, each with the fixture of its macro.
 */
#define CASE_WITH(fn, setup, teardown)                                         \
	static void fn(void **state);                                          \
	__attribute__((constructor)) static void add_##fn(void)                \
	{                                                                      \
		case_add((struct CMUnitTest)cmocka_unit_test_setup_teardown(   \
				 fn, setup, teardown), __LINE__);              \
	}                                                                      \
	static void fn(void **state)
#define CASE(fn) CASE_WITH(fn, NULL, NULL)
void case_add(struct CMUnitTest added, int line);

/* In main(): a case for each row of a table, which begins with its name */
#define add_rows(rows, fn, setup, teardown)                                \
	do {                                                               \
		for (size_t i = 0; i < N_OF(rows); i++)                    \
			case_add((struct CMUnitTest){                      \
				(rows)[i].name, fn, setup, teardown,       \
				(void *)&(rows)[i] }, i);                  \
	} while (0)

/* Once for the program: a stage's fixture in lib/ has these, or the program. */
int group_setup(void **state);
int group_teardown(void **state);

/* All that main() does, unless a program has one of its own */
int run_cases(void);

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
