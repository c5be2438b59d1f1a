/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef TOOLS_SELFTEST_HELPER_H
#define TOOLS_SELFTEST_HELPER_H

#include <sys/types.h>

#include "selftest_file.h"

struct helper {
	pid_t pid;
	int sock;
};

/*
 * Start it, before there is anything of RDMA that it would inherit; it opens
 * the file anew.  0 or an errno value
 */
int helper_start(const struct test_file *file, struct helper *ret_helper);
void helper_stop(struct helper *helper);

/* 't' truncates the file, 'p' punches a hole, 'c' reads it; the errno */
int helper_ask(const struct helper *helper, char what);

#endif /* TOOLS_SELFTEST_HELPER_H */
