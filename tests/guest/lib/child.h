/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * An operation in another process: forked early, so that it shares neither
 * memory regions nor leases with the test, and released when the test wants.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Runs in the child, once per t_child_go(); returns 0 or an errno value */
typedef int t_child_fn(void *arg, long param);

struct t_child {
	pid_t pid;
	int sock; /* owned, closed by t_child_stop() */
};

struct t_child_result {
	int err;
	uint64_t begin_ns;
	uint64_t end_ns;
};

/* Fork before any verbs call; arg is what it was at this moment */
void t_child_start(struct t_child *child, t_child_fn *fn, void *arg);

void t_child_go(struct t_child *child, long param);

/* Has the operation returned? */
bool t_child_returned(struct t_child *child);

/* Wait for it; false when it has not returned within ms */
bool t_child_wait(struct t_child *child, int ms, struct t_child_result *ret);

/* go and wait in one; bails out when it takes longer than ms */
struct t_child_result t_child_run(struct t_child *child, long param, int ms);

void t_child_stop(struct t_child *child);
