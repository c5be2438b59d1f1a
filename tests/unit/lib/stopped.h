/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Breaks that this thread notices and answers in place of the keeper's, on a clock
 * that stands still.  The kernel and its leases are fakes.
 */
#pragma once

#include "../fakes/fake_clock.h"
#include "../fakes/fake_config.h"
#include "../fakes/fake_fcntl.h"
#include "../fakes/fake_keeper.h"
#include "../fakes/fake_open.h"
#include "../fakes/fake_destroy.h"
#include "base/clock.h"
#include "base/stats.h"
#include "files.h"
#include "lease.h"
#include "record.h"
#include "revoke.h"
#include "test.h"
#include "track.h"

/* It wants to be called again soon. */
#define STOPPED_SOON (10 * NSEC_PER_MSEC)

extern struct file stopped_file, stopped_log;
extern struct ibv_mr stopped_mr;
extern struct cause stopped_cause;

/* In place of lease_ordinary.c, whose operations the break does not need */
extern const struct lease_backend stopped_blind;

int stopped_setup(void **state);
/* Whatever the case left, goes. */
int stopped_teardown(void **state);

#define STOPPED_CASE(fn) CASE_WITH(fn, stopped_setup, stopped_teardown)

/* What both do for tests that have files and memory regions of their own */
void stopped_reset(const char *lease_break_time);
void stopped_forget(struct ibv_context *closed);

struct backing stopped_backing(const struct file *file);

/* A memory region over @file under a lease, and the same for stopped_mr */
struct guarded_mr *stopped_region(const struct lease_backend *backend,
				  const struct file *file, struct ibv_mr *mr);
struct lease *stopped_hold(const struct lease_backend *backend);

/* So many milliseconds after the break was noticed */
uint64_t stopped_run_at(unsigned int ms);
