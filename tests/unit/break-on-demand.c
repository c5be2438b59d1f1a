// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Memory regions on demand go before their addresses do, and with the process.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/stats.h"
#include "fakes/fake_destroy.h"
#include "lib/files.h"
#include "lib/record.h"
#include "lib/test.h"
#include "revoke.h"
#include "track.h"

static struct file log_file;
static struct ibv_context context;
static struct ibv_mr mrs[3];

static int setup(void **state)
{
	memset(&stats, 0, sizeof(stats));
	fake_destroy = NEVER;
	file_make(&log_file, DISK, 0);
	log_setup(LOG_LEVEL_WARN, log_file.path);
	record_clear();
	return 0;
}

static int teardown(void **state)
{
	struct guarded_mr *gmr, *next;

	for (gmr = track_detach_context(&context); gmr; gmr = next) {
		next = gmr->next;
		track_free(gmr);
	}
	file_put(&log_file);
	return 0;
}

#define DEMAND_CASE(fn) CASE_WITH(fn, setup, teardown)

/* With lkey @i, written, at (@i + 1) * 0x10000 */
static struct guarded_mr *add(size_t i, bool is_on_demand)
{
	struct guarded_mr *gmr = track_alloc(1);

	mrs[i].context = &context;
	mrs[i].lkey = i;
	gmr->mr = &mrs[i];
	gmr->context = &context;
	gmr->is_written = true;
	gmr->is_on_demand = is_on_demand;
	gmr->n_ranges = 1;
	gmr->ranges[0].start = (i + 1) * 0x10000;
	gmr->ranges[0].end = (i + 1) * 0x10000 + 0x4000;
	assert_int_equal(track_add(gmr), 0);
	return gmr;
}

static enum mr_state state_of(const struct guarded_mr *gmr)
{
	enum mr_state state;

	ps_lock(&table_lock);
	state = gmr->state;
	ps_unlock(&table_lock);
	return state;
}

DEMAND_CASE(unmapped__revoked_and_said)
{
	struct guarded_mr *gmr = add(1, true);

	revoke_on_demand(0x20000, 0x21000);
	/* Without redirty: its pages are dirty when the device has faulted. */
	assert_record("revoke 1");
	assert_int_equal(state_of(gmr), MR_ZOMBIE);
	assert_int_equal(stats.revoked_mrs, 1);
	assert_non_null(strstr(file_text(log_file.path),
			       "the program unmaps its memory"));
}

DEMAND_CASE(unmapped__others_stay)
{
	struct guarded_mr *pinned = add(0, false), *other = add(2, true);

	add(1, true);
	revoke_on_demand(0x10000, 0x30000);
	assert_record("revoke 1");
	assert_int_equal(state_of(pinned), MR_ALIVE);
	assert_int_equal(state_of(other), MR_ALIVE);
}

DEMAND_CASE(unmapped__all_that_overlap)
{
	add(0, true);
	add(1, true);
	add(2, true);
	revoke_on_demand(0x13fff, 0x30001);
	assert_int_equal(stats.revoked_mrs, 3);
	assert_int_equal(stats.guarded_mrs, 0);
}

/* There is nobody to try again, so it must not be tried for ever. */
DEMAND_CASE(revoke_fails__said_and_alive)
{
	struct guarded_mr *gmr = add(1, true);

	fake_destroy = ALWAYS(EBUSY);
	revoke_on_demand(0x20000, 0x21000);
	assert_record("revoke 1");
	assert_int_equal(state_of(gmr), MR_ALIVE);
	assert_int_equal(stats.revoke_failures, 1);
	assert_int_equal(stats.revoked_mrs, 0);
	assert_non_null(strstr(file_text(log_file.path), "cannot be revoked"));
}

DEMAND_CASE(one_revoke_fails__others_go)
{
	add(0, true);
	add(1, true);
	add(2, true);
	fake_destroy = ONCE(EBUSY);
	revoke_on_demand(0, UINTPTR_MAX);
	assert_int_equal(stats.revoke_failures, 1);
	assert_int_equal(stats.revoked_mrs, 2);
	assert_int_equal(stats.guarded_mrs, 1);
	/* And the next time that one, too */
	revoke_on_demand(0, UINTPTR_MAX);
	assert_int_equal(stats.guarded_mrs, 0);
}

DEMAND_CASE(exit__all_kinds_go)
{
	add(0, true);
	add(1, false);
	revoke_all();
	assert_int_equal(stats.guarded_mrs, 0);
	assert_int_equal(stats.zombie_mrs, 2);
	/* What the device wrote to pinned memory gets to the file first. */
	assert_ptr_equal(strstr(record_text(), "redirty, "), record_text());
	assert_non_null(strstr(record_text(), "revoke 1"));
	assert_non_null(strstr(record_text(), "revoke 0"));
}

DEMAND_CASE(exit__one_fails_others_go)
{
	add(0, true);
	add(1, true);
	fake_destroy = ONCE(EBUSY);
	revoke_all();
	assert_int_equal(stats.guarded_mrs, 1);
	assert_int_equal(stats.zombie_mrs, 1);
}
