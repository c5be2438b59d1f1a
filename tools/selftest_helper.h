/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "selftest_child.h"

int helper_start(const struct test_file *file, struct child *ret_child);

/* 't' truncates the file, 'p' punches a hole, 'c' reads it; the errno */
int helper_ask(const struct child *child, char what);
