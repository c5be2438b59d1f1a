/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <sys/types.h>

#include "selftest_file.h"

/* A process of the self-test that does what it is asked to */
struct child {
	pid_t pid;
	int sock;
};

/* To the file */
enum child_does {
	CHILD_TRUNCATES,
	CHILD_PUNCHES, /* a hole */
	CHILD_READS,
	CHILD_REGISTERS, /* for child_hold() */
};

/*
 * Start it, before there is anything of RDMA that it would inherit.  @device is
 * where it can register; 0 or an errno value
 */
int child_start(const struct test_file *file, const char *device,
		struct child *ret_child);

/* The errno of it; ETIMEDOUT or EPIPE if there is no answer */
int child_ask(const struct child *child, enum child_does what);
/* Register the file there, guarded, and stop it, so that it does not answer a break */
int child_hold(const struct child *child, int access);
void child_stop(struct child *child);
