/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What the fakes were asked to do, in order: "take 1, prefault 1, put 1".
 * Any thread may record.
 */
#pragma once

void record(const char *format, ...) __attribute__((format(printf, 1, 2)));
void record_clear(void);
/* A copy in a static buffer */
const char *record_text(void);

/* Compares and clears. */
#define assert_record(expected)                               \
	do {                                                  \
		assert_string_equal(record_text(), expected); \
		record_clear();                               \
	} while (0)
