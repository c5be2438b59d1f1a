/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What the two ends of a stream share */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Written by the peer, read by the test; times of CLOCK_MONOTONIC */
struct stream_state {
	_Atomic bool stop;
	_Atomic uint64_t successes;
	_Atomic uint64_t refusals; /* error completions but the flushed ones */
	_Atomic uint64_t last_success_ns;
	_Atomic uint64_t first_error_ns;
	_Atomic int first_error;
};

/* START goes to the peer; CONNECT to the responder and back */
enum stream_message_kind { STREAM_START = 1, STREAM_CONNECT = 2 };

struct stream_message {
	uint32_t kind;
	uint32_t qp_num; /* CONNECT: that of the end that speaks */
	uint64_t addr;	 /* START */
	uint64_t len;
	uint32_t rkey;
};

/* Runs until told to stop or until the other end of sock is closed */
void stream_peer_run(struct stream_state *state, int sock);
