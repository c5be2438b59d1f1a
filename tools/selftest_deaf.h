/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "selftest_child.h"

/* Start a process that can register the file, and does not answer a break */
int deaf_start(const struct test_file *file, const char *device,
	       struct child *ret_child);

/* Register the file there, guarded, and stop it; the errno */
int deaf_hold(const struct child *child, int access);
