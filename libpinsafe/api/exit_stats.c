// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* PINSAFE_STATS=exit: the counters in one line, when a program with verbs ends */
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/look_up.h"
#include "base/stats.h"

/* Or else every shell that starts the program would have its say. */
static bool has_verbs(void)
{
	void *verbs;

	verbs = look_up_library("libibverbs.so.1", RTLD_LAZY | RTLD_NOLOAD);
	if (verbs)
		dlclose(verbs);
	return verbs;
}

/* As an error, which all levels print: whoever sets it wants it. */
__attribute__((destructor)) static void tell_stats(void)
{
	const char *when = secure_getenv("PINSAFE_STATS");

	if (!when || strcmp(when, "exit") || !has_verbs())
		return;
	log_error("stats: %" PRIu64 " registrations, %" PRIu64 " refusals, %" PRIu64
		" breaks, %" PRIu64 " revoked, %" PRIu64
		" failures to revoke, %" PRIu64 " retakes; at exit %" PRIu64
		" guarded, %" PRIu64 " revoked and not deregistered, %" PRIu64
		" leases; last revoke took %" PRIu64 " us",
		stats_get(registrations), stats_get(refusals),
		stats_get(breaks), stats_get(revoked_mrs),
		stats_get(revoke_failures), stats_get(retakes),
		stats_get(guarded_mrs), stats_get(zombie_mrs),
		stats_get(leases), stats_get(last_revoke_ns) / 1000);
}
