/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A registration that waits for a break to be over */
struct retake {
	uint64_t deadline_ns;	/* 0: has not waited yet */
	uint64_t pause_ns;
	int timeout_ms;		/* -1: retake_ms of the policy */
};

#define RETAKE_INITIALIZER { .timeout_ms = -1 }

/*
 * Wait a little, without locks.  False when PINSAFE_RETAKE_MS have passed since
 * the first call.
 */
bool retake_wait(struct retake *retake);
