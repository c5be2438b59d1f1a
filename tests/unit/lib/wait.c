// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Wait for something that has no descriptor or condition to wait on. */
#include <poll.h>
#include <stdio.h>

#include "base/clock.h"
#include "test.h"
#include "wait.h"

bool wait_until(bool (*is_true)(void *arg), void *arg)
{
	uint64_t deadline = clock_now_ns() + DEADLINE_MS * NSEC_PER_MSEC;

	while (!is_true(arg)) {
		if (clock_now_ns() > deadline)
			return false;
		(void)poll(NULL, 0, 1);
	}
	return true;
}

static bool is_asleep(void *arg)
{
	char path[64], state = '?';
	FILE *stat;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", *(int *)arg);
	stat = fopen(path, "re");
	if (!stat)
		return true;
	if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	fclose(stat);
	return state == 'S';
}

bool wait_until_asleep(int tid)
{
	return wait_until(is_asleep, &tid);
}
