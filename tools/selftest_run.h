/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What the self-test knows while it runs: selftest.c and selftest_run.c */
#pragma once

#include <infiniband/verbs.h>
#include <stdbool.h>

#include "report.h"
#include "selftest_child.h"
#include "selftest_peer.h"

#define SELFTEST_ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)

enum { C1 = 1, C2, C3, C4, C5, C6, C7, N_PROMISES };

struct selftest {
	struct test_file file;
	struct peer peer;
	struct child helper, deaf;
	void *addr;
	int access;
	struct ibv_mr *mr; /* NULL while there is none */
	double step_began_ms;
	json_object *report;
	json_object *steps;
	bool is_asked[N_PROMISES], is_broken[N_PROMISES];
	bool has_failed;
};

/* A step that begins where the last one ended */
void selftest_begin(struct selftest *test);
/* @promise is what it was about, or 0 */
void selftest_step(struct selftest *test, const char *name, int promise,
		   bool is_ok, const char *detail);

/* The verdict, and the errno of the registration */
const char *selftest_run(struct selftest *test, int *ret_error);
