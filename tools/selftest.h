/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What the files of the self-test share; int functions return 0 or an errno value. */
#pragma once

#include <infiniband/verbs.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "loopback.h"
#include "report.h"

/* Of the scratch file, all of which is registered */
#define SELFTEST_SIZE (1UL << 20)
#define SELFTEST_ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)

/* A device, and how to write to it from itself */
struct peer {
	struct ibv_context *context;
	struct ibv_pd *pd;
	struct ibv_cq *cq;
	struct ibv_mr *buffer_mr;
	uint64_t *buffer;
	struct loopback loopback;
};

/*
 * Open the device named @name, or the first one if it is NULL, and attach
 * pinsafe to it.  ENODEV if there is none; else the errno of what failed.
 */
int peer_open(const char *name, struct peer *ret_peer);
void peer_close(struct peer *peer);

/*
 * One RDMA WRITE of *@value over queue pairs of its own, or one RDMA READ, which is
 * there afterwards.  0 and the status of its completion; ETIMEDOUT, or the errno of
 * making a connection
 */
int peer_transfer(struct peer *peer, bool writes, void *remote, uint32_t rkey,
		  uint64_t *value, enum ibv_wc_status *ret_status);

/* A process that does to the file what it is asked to */
struct child {
	pid_t pid;
	int sock;
};

enum child_does {
	CHILD_TRUNCATES,
	CHILD_PUNCHES, /* a hole */
	CHILD_READS,
	CHILD_REGISTERS, /* for child_hold() */
};

enum { C1 = 1, C2, C3, C4, C5, C6, C7, N_PROMISES };

/* What is known while it runs */
struct selftest {
	char path[PATH_MAX]; /* of the scratch file */
	int fd;
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

/*
 * Start it, before there is anything of RDMA that it would inherit.  @device is
 * where it can register.
 */
int child_start(const struct selftest *test, const char *device,
		struct child *ret_child);
/* The errno of it; ETIMEDOUT or EPIPE if there is no answer */
int child_ask(const struct child *child, enum child_does what, int access);
/* Register the file there, guarded, and stop it, so that it does not answer a break */
int child_hold(const struct child *child, int access);
void child_stop(struct child *child);

/* A step that begins where the last one ended */
void selftest_begin(struct selftest *test);
/* @promise is what it was about, or 0 */
void selftest_step(struct selftest *test, const char *name, int promise,
		   bool is_ok, const char *detail);

/* The verdict, and the errno of the registration */
const char *selftest_run(struct selftest *test, int *ret_error);
