/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* A stack without layout leases, whose files have ordinary ones */
#pragma once

#include "stack.h"

#define TAKE(type) "signal a, owner a, " type " lease a"
#define DISARMED "signal a, owner a, no signal a, no owner a"

int ordinary_setup(void **state);

#define ORDINARY_CASE(fn) CASE_WITH(fn, ordinary_setup, stack_teardown)

/* File a is not registered, with that record, and a refusal is counted. */
void ordinary_refused(int error, const char *text);
/* The same where the kernel says @kernel_errno to the lease */
void ordinary_lease_fails(int kernel_errno, int error);

/* Like run_cases(); cases that give up wait for a short time. */
int ordinary_run(void);
