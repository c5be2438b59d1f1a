/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef TOOLS_SELFTEST_DEAF_H
#define TOOLS_SELFTEST_DEAF_H

#include <sys/types.h>

#include "selftest_file.h"

/* A process that can register the file, and does not answer a break */
struct deaf {
	pid_t pid;
	int sock;
};

/*
 * Start it, before there is anything of RDMA that it would inherit.
 * 0 or an errno value
 */
int deaf_start(const struct test_file *file, const char *device,
	       struct deaf *ret_deaf);

/* Register the file there, guarded, and stop it; the errno */
int deaf_hold(const struct deaf *deaf, int access);
void deaf_stop(struct deaf *deaf);

#endif /* TOOLS_SELFTEST_DEAF_H */
