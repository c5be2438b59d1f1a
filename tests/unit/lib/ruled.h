/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* guard.c with a policy that a case can change, and a log */
#pragma once

#include "../fakes/fake_config.h"
#include "files.h"
#include "guarded.h"

/* Of the kernel; 6.12 for each case */
extern const char *ruled_release;

/* As guarded_setup() */
int ruled_setup(void **state);
int ruled_teardown(void **state);

/* What was logged, as a string in a static buffer */
const char *ruled_log(void);
void assert_logged(const char *text);
void assert_not_logged(const char *text);

#define RULED_CASE(fn) CASE_WITH(fn, ruled_setup, ruled_teardown)
