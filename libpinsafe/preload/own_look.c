// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What is not told is looked for: mappings that are gone without a word, and
 * functions of the preload object that are not called any more.
 */
#include "base/clock.h"
#include "base/log.h"
#include "hook/called.h"
#include "preload/private.h"
#include "revoke.h"
#include "watch.h"

#define LOOK_INTERVAL_NS NSEC_PER_SEC
/* Of a program with very many mappings: a hundredth of the time at most */
#define REST_FACTOR 100

static uint64_t next_look_ns;
static bool was_said;

static void look_at_calls(void)
{
	if (!watch_covers(0, UINTPTR_MAX) || called_seems_sure(CALLED_MAPPINGS))
		return;
	/* What is revoked is logged; why, once. */
	if (!was_said)
		log_warn(
			"own_look: functions that map and unmap memory have been replaced in the program, so that nobody would see memory go: no memory region can be on demand any more");
	was_said = true;
	revoke_on_demand(0, UINTPTR_MAX);
}

void own_look(void)
{
	uint64_t start_ns = clock_now_ns(), took_ns;

	if (start_ns < next_look_ns)
		return;
	look_at_calls();
	watch_sweep();
	took_ns = clock_now_ns() - start_ns;
	next_look_ns = start_ns + LOOK_INTERVAL_NS + REST_FACTOR * took_ns;
}
