// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The end of a stream that posts the writes */
#include <stdlib.h>
#include <unistd.h>

#include "stream.h"
#include "stream_peer.h"
#include "t.h"
#include "verbs.h"

#define WINDOW 8
#define COMPLETION_MS 15000

struct peer {
	struct stream_state *state;
	int sock;
	struct stream_message target;
	struct verbs verbs;
	struct ibv_qp *qp;
	struct ibv_mr *mr;
	char *buffers; /* WINDOW of them; write n uses buffer n % WINDOW */
	uint64_t posted_ns[WINDOW];
	uint64_t posted;    /* number of the next write */
	unsigned in_flight; /* on this queue pair */
};

/* A fresh queue pair; false when the other end has gone */
static bool peer_connect(struct peer *peer)
{
	struct stream_message msg = {.kind = STREAM_CONNECT};

	peer->qp = verbs_qp_create(&peer->verbs);
	peer->in_flight = 0;
	msg.qp_num = peer->qp->qp_num;
	if (write(peer->sock, &msg, sizeof(msg)) != sizeof(msg) ||
	    read(peer->sock, &msg, sizeof(msg)) != sizeof(msg))
		return false;
	if (verbs_qp_connect(&peer->verbs, peer->qp, msg.qp_num))
		t_bail("connecting the peer's queue pair");
	return true;
}

static void peer_post(struct peer *peer)
{
	unsigned slot = peer->posted % WINDOW;
	uint64_t pages = peer->target.len / STREAM_WRITE_SIZE;
	uint64_t *words;
	struct loopback_transfer transfer = {
		.opcode = IBV_WR_RDMA_WRITE,
		.wr_id = peer->posted,
		.local = peer->buffers + slot * STREAM_WRITE_SIZE,
		.len = STREAM_WRITE_SIZE,
		.lkey = peer->mr->lkey,
		.remote = peer->target.addr +
			  peer->posted * 7 % pages * STREAM_WRITE_SIZE,
		.rkey = peer->target.rkey,
	};
	size_t i;

	words = transfer.local;
	for (i = 0; i < STREAM_WRITE_SIZE / sizeof(*words); i++)
		words[i] = STREAM_MARK << 32 | (uint32_t)peer->posted;
	peer->posted_ns[slot] = t_now_ns();
	if (loopback_post(peer->qp, &transfer))
		t_bail("posting a write");
	peer->posted++;
	peer->in_flight++;
}

static void note_success(struct stream_state *state, uint64_t posted_ns)
{
	if (posted_ns > state->last_success_ns)
		state->last_success_ns = posted_ns;
	state->successes++;
}

static void note_error(struct stream_state *state, enum ibv_wc_status status)
{
	if (!state->first_error_ns) {
		state->first_error = status;
		state->first_error_ns = t_now_ns();
	}
	if (status != IBV_WC_WR_FLUSH_ERR)
		state->refusals++;
}

/* One completion; false when the queue pair is of no use any more */
static bool peer_reap(struct peer *peer)
{
	struct ibv_wc wc;

	if (verbs_poll(&peer->verbs, COMPLETION_MS, &wc))
		t_bail("no completion within %d ms", COMPLETION_MS);
	peer->in_flight--;
	if (wc.status != IBV_WC_SUCCESS) {
		note_error(peer->state, wc.status);
		return false;
	}
	note_success(peer->state, peer->posted_ns[wc.wr_id % WINDOW]);
	return true;
}

/* Once refused, one write per queue pair: the others would be flushed */
static unsigned window(struct peer *peer)
{
	return peer->state->refusals ? 1 : WINDOW;
}

static void peer_stream(struct peer *peer)
{
	bool alive = true;

	while (alive && !peer->state->stop) {
		while (peer->in_flight < window(peer))
			peer_post(peer);
		alive = peer_reap(peer);
	}
	while (peer->in_flight)
		peer_reap(peer);
}

static void peer_setup(struct peer *peer)
{
	size_t size = WINDOW * STREAM_WRITE_SIZE;

	verbs_open(&peer->verbs);
	if (posix_memalign((void **)&peer->buffers, STREAM_WRITE_SIZE, size))
		t_bail("out of memory");
	peer->mr = ibv_reg_mr(peer->verbs.pd, peer->buffers, size,
			      IBV_ACCESS_LOCAL_WRITE);
	if (!peer->mr)
		t_bail("registering the peer's buffers");
}

void stream_peer_run(struct stream_state *state, int sock)
{
	struct peer peer = {.state = state, .sock = sock};

	if (read(sock, &peer.target, sizeof(peer.target)) !=
	    sizeof(peer.target))
		return;
	peer_setup(&peer);
	while (!state->stop && peer_connect(&peer)) {
		peer_stream(&peer);
		ibv_destroy_qp(peer.qp);
	}
	ibv_dereg_mr(peer.mr);
	verbs_close(&peer.verbs);
	free(peer.buffers);
}
