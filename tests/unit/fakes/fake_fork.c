// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage fork, of a program that does not */
#include "base/fork.h"
#include "fake_fork.h"

int fake_fork_setup_error;

int fork_setup(void)
{
	return fake_fork_setup_error;
}

void fork_check(void)
{
}
