/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A peer that keeps RDMA WRITEs flowing into a remote range.
 *
 * Every work request carries the time of its posting.  After an error the
 * peer connects a fresh queue pair and tries again for as long as it runs, so
 * that "nothing posted after the operation returned ever succeeds" can be
 * checked: compare stream_last_success_ns() with the time of the return.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "verbs.h"

#define STREAM_WRITE_SIZE 4096
#define STREAM_MARK 0x5354524dULL /* upper half of every word written */

struct stream_state;

struct stream {
	struct stream_state *state; /* shared with the peer */
	struct verbs *verbs;	    /* of the responder, borrowed */
	int sock;		    /* towards the peer */
	int peer_sock;		    /* of a peer that is a thread */
	pid_t peer_pid;		    /* 0 when the peer is a thread */
	pthread_t peer_thread;
	pthread_t responder; /* connects queue pairs for the peer */
};

/* A peer that is a process: call before any verbs call of this process */
void stream_fork_peer(struct stream *stream);

/* A peer that is a thread of this process, with a context of its own */
void stream_create_peer(struct stream *stream);

/* Start writing; len is a multiple of STREAM_WRITE_SIZE */
void stream_start(struct stream *stream, struct verbs *verbs, void *addr,
		  uint64_t len, uint32_t rkey);

/* End the peer; what the stream_* functions below say stays readable */
void stream_stop(struct stream *stream);

/* Wait until n more writes than now have succeeded, have been refused */
bool stream_wait_successes(struct stream *stream, uint64_t n, int ms);
bool stream_wait_refusals(struct stream *stream, uint64_t n, int ms);

uint64_t stream_successes(struct stream *stream);
uint64_t stream_refusals(struct stream *stream);

/* When the latest posted of the successful writes was posted; 0: none */
uint64_t stream_last_success_ns(struct stream *stream);

/* When the first error completion came, and its status; 0: none came */
uint64_t stream_first_error_ns(struct stream *stream);
enum ibv_wc_status stream_first_error(struct stream *stream);

/* The number of words in a buffer that a stream has written */
uint64_t stream_count_words(const void *buf, size_t len);
