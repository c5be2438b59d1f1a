// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "guarded.h"

struct ibv_context guarded_context = { .cmd_fd = DEVICE_FD };
struct ibv_pd guarded_pd = { .context = &guarded_context };

int guarded_setup(void **state)
{
	memset(&stats, 0, sizeof(stats));
	memset(&fake_device, 0, sizeof(fake_device));
	memset(&fake_keeper, 0, sizeof(fake_keeper));
	memset(&fake_odp, 0, sizeof(fake_odp));
	fake_watch_is_enabled = false;
	memset(&fake_lease, 0, sizeof(fake_lease));
	memset(&fake_prefault, 0, sizeof(fake_prefault));
	memset(&fake_provider, 0, sizeof(fake_provider));
	memset(&fake_track, 0, sizeof(fake_track));
	fake_mapping_set(1, MAPPING_FSDAX);
	fake_retake_left = 0;
	record_clear();
	return real_verbs_set(&guarded_context, &fake_provider_ops);
}

int guarded_teardown(void **state)
{
	if (fake_track.gmr) {
		free(fake_track.gmr->mr);
		track_free(fake_track.gmr);
	}
	real_verbs_remove(&guarded_context);
	return 0;
}

struct ibv_mr *guarded_reg(int access)
{
	return guard_reg_mr(&fake_provider_ops, &guarded_pd, (void *)0x1000,
			    0x1000, 0x1000, access);
}

void guarded_reg_fails(int error, const char *text)
{
	errno = 0;
	assert_null(guarded_reg(IBV_ACCESS_LOCAL_WRITE));
	assert_int_equal(errno, error);
	assert_record(text);
	assert_int_equal(stats.registrations, 0);
	assert_int_equal(stats.refusals, 1);
	assert_int_equal(stats.retakes, 0);
}

struct ibv_mr *guarded_reg_succeeds(const char *text)
{
	struct ibv_mr *mr = guarded_reg(IBV_ACCESS_LOCAL_WRITE);

	assert_non_null(mr);
	assert_record(text);
	assert_int_equal(stats.registrations, 1);
	assert_int_equal(stats.refusals, 0);
	return mr;
}
