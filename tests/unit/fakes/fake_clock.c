// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* clock_gettime(2), where time passes when the test says so */
#include <time.h>

#include "base/clock.h"
#include "fake_clock.h"

int __real_sys_clock_gettime(clockid_t id, struct timespec *ret_now);
int __wrap_sys_clock_gettime(clockid_t id, struct timespec *ret_now);

uint64_t fake_clock_ns;

int __wrap_sys_clock_gettime(clockid_t id, struct timespec *ret_now)
{
	if (id != CLOCK_MONOTONIC)
		return __real_sys_clock_gettime(id, ret_now);
	*ret_now = clock_timespec(fake_clock_ns);
	return 0;
}
