/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>
#include <sys/types.h>

#include "selftest_file.h"

/* A process of the self-test that does what it is asked to */
struct child {
	pid_t pid;
	int sock;
};

/*
 * Start it, before there is anything of RDMA that it would inherit.  It calls @run,
 * which reads requests from @sock and answers each with an errno; the file it has
 * to open anew.  0 or an errno value
 */
int child_start(const struct test_file *file, const char *device,
		void (*run)(const struct test_file *file, const char *device,
			    int sock),
		struct child *ret_child);

/* Its answer; ETIMEDOUT or EPIPE if there is none */
int child_ask(const struct child *child, const void *request, size_t size);
void child_stop(struct child *child);
