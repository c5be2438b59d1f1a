// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage config: policies that a case can change */
#include <signal.h>
#include <string.h>

#include "fake_config.h"

struct fake_config fake_config;

const struct config *config_get(void)
{
	static struct config config = {.retake_ms = 1000};

	config.signal = SIGRTMAX - 2;
	return &config;
}

struct policy config_policy(const char *path)
{
	if (fake_config.other_path && path &&
	    !strcmp(path, fake_config.other_path))
		return fake_config.other_policy;
	return fake_config.policy;
}

bool config_may_guard_shmem(void)
{
	return fake_config.may_guard_shmem;
}

bool config_may_want_lease(void)
{
	return fake_config.may_want_lease;
}
