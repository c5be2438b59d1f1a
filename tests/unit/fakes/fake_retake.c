// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage retake, which counts instead of waiting */
#include <pthread.h>
#include <signal.h>

#include "../lib/record.h"
#include "fake_retake.h"
#include "retake.h"

unsigned int fake_retake_left, fake_retake_begun;

bool retake_wait(struct retake *retake)
{
	sigset_t mask;

	fake_retake_begun += !retake->deadline_ns;
	if (!retake->deadline_ns && retake->timeout_ms < 0)
		retake->timeout_ms = FAKE_RETAKE_MS;
	retake->deadline_ns = 1;
	if (!fake_retake_left)
		return false;
	fake_retake_left--;
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	record(sigismember(&mask, SIGUSR1) ? "wait in a section" : "wait");
	return true;
}
