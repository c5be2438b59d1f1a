/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A refusal and what its sentence says to do: tests/house/ways-out compares what
 * is quoted by WAY() with what the sentences say.
 */
#pragma once

#include "stack_api.h"

#define WAY(text) text

struct way {
	const char *name;	/* the way out, which the sentence has to name */
	void (*provoke)(void);	/* NULL: nothing to do */
	void (*follow)(void);	/* in the same process */
	bool is_anew;		/* or rather in another one */
	bool is_unneeded;	/* no guard is, afterwards */
	int error;		/* for both functions */
	void (*after)(void);	/* both, in the process of the test */
};

#define ROW(text, before, after, ...) \
	{ .name = text, .provoke = before, .follow = after, __VA_ARGS__ }

extern const struct way *ways_now;

/* What is registered; all of STACK_A for a device that writes, unless changed */
struct ways_ask {
	char *addr;
	size_t length;
	int access;
	enum pinsafe_guard guard;
	struct ibv_mr *(*fn)(void);	/* NULL: ibv_reg_mr() */
};
extern struct ways_ask ways_ask;

/* What the kernel says to who pins, as long as it is not 0 */
extern int ways_pin_errno;

/* Is it in there?  As "%s" stands for something. */
bool ways_says(const char *log, const char *way);

void ways_check(void **state);
int ways_setup(void **state);
int ways_teardown(void **state);

/* STACK_A has a page cache; and layout leases, if @has_module */
void ways_page_cache(bool has_module);
/* Other memory in place of it: a new mapping, which nobody takes away */
void ways_map(int fd, int flags);

#define WAYS_MAIN(rows)                                                \
	int main(void)                                                 \
	{                                                              \
		setenv("PINSAFE_RETAKE_MS", "20", 1);                  \
		add_rows(rows, ways_check, ways_setup, ways_teardown); \
		return run_cases();                                    \
	}
