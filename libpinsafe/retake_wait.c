// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Wait a little before a lease is taken again. */
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "policy/config.h"
#include "retake.h"

#define MIN_PAUSE_NS NSEC_PER_MSEC
#define MAX_PAUSE_NS (10 * NSEC_PER_MSEC)

bool retake_wait(struct retake *retake)
{
	uint64_t now = clock_now_ns();
	struct timespec pause;
	int cancel_state;

	if (!retake->deadline_ns) {
		if (retake->timeout_ms < 0)
			retake->timeout_ms = config_get()->retake_ms;
		retake->deadline_ns = now + retake->timeout_ms * NSEC_PER_MSEC;
		retake->pause_ns = MIN_PAUSE_NS;
	}
	if (now >= retake->deadline_ns)
		return false;
	pause = clock_timespec(retake->pause_ns);
	/* ibv_reg_mr() is no place where a thread expects to be cancelled. */
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state);
	nanosleep(&pause, NULL);
	pthread_setcancelstate(cancel_state, NULL);
	if (retake->pause_ns < MAX_PAUSE_NS)
		retake->pause_ns += MIN_PAUSE_NS;
	return true;
}
