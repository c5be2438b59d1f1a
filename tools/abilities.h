/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "machine/lease_provider.h"
#include "report.h"

enum ability { ABILITY_NO, ABILITY_YES, ABILITY_UNKNOWN };

/* What the running kernel can do, found by trying it where that is possible */
struct abilities {
	enum ability layout_leases;
	struct lease_provider provider; /* of these */
	enum ability leases_enabled; /* fs.leases-enable */
	int lease_break_time;	     /* in seconds, -1: unknown */
	/* Writable pins of page-cache files: a guess by version */
	enum ability page_cache_pins;
	bool has_odp; /* a device but rxe has on-demand paging for RC */
};

/* Add them, and what else there is of the kernel, as "kernel". */
void abilities_find(json_object *report, struct abilities *ret_abilities);
/* What the administrator might change, as "notes" */
void abilities_advise(const struct abilities *abilities, json_object *report);
