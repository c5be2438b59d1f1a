// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <stdlib.h>

#include "test.h"

#define MAX_CASES 64

static struct CMUnitTest cases[MAX_CASES];
static int lines[MAX_CASES];
static size_t n_cases;

/* Constructors run in an order that the compiler chooses. */
void case_add(struct CMUnitTest added, int line)
{
	size_t i;

	if (n_cases == MAX_CASES)
		abort();
	for (i = n_cases++; i && lines[i - 1] > line; i--) {
		cases[i] = cases[i - 1];
		lines[i] = lines[i - 1];
	}
	cases[i] = added;
	lines[i] = line;
}

__attribute__((weak)) int group_setup(void **state)
{
	return 0;
}

__attribute__((weak)) int group_teardown(void **state)
{
	return 0;
}

int run_cases(void)
{
	return _cmocka_run_group_tests("cases", cases, n_cases, group_setup,
				       group_teardown);
}

__attribute__((weak)) int main(void)
{
	return run_cases();
}
