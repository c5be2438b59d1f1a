// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The end of a stream that owns the memory, and what the test asks */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stream.h"
#include "stream_peer.h"
#include "t.h"

static int stream_init(struct stream *stream)
{
	int socks[2];

	memset(stream, 0, sizeof(*stream));
	stream->state = t_shared(sizeof(*stream->state));
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks))
		t_bail("socketpair");
	stream->sock = socks[0];
	stream->peer_sock = -1;
	return socks[1];
}

void stream_fork_peer(struct stream *stream)
{
	int peer_sock = stream_init(stream);

	fflush(stdout);
	stream->peer_pid = fork();
	if (stream->peer_pid < 0)
		t_bail("fork");
	if (!stream->peer_pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(stream->sock);
		stream_peer_run(stream->state, peer_sock);
		_exit(0);
	}
	close(peer_sock);
}

static void *peer_main(void *arg)
{
	struct stream *stream = arg;

	stream_peer_run(stream->state, stream->peer_sock);
	/* Ends the responder, as the exit of a process does */
	shutdown(stream->peer_sock, SHUT_RDWR);
	return NULL;
}

void stream_create_peer(struct stream *stream)
{
	stream->peer_sock = stream_init(stream);
	if (pthread_create(&stream->peer_thread, NULL, peer_main, stream))
		t_bail("pthread_create");
}

/* Gives every queue pair of the peer a fresh one of this process */
static void *responder_main(void *arg)
{
	struct stream *stream = arg;
	struct stream_message msg;
	struct ibv_qp *qp = NULL;

	while (read(stream->sock, &msg, sizeof(msg)) == sizeof(msg)) {
		if (qp)
			ibv_destroy_qp(qp);
		qp = verbs_qp_create(stream->verbs);
		if (verbs_qp_connect(stream->verbs, qp, msg.qp_num))
			t_bail("connecting the responder's queue pair");
		msg.qp_num = qp->qp_num;
		if (write(stream->sock, &msg, sizeof(msg)) != sizeof(msg))
			break;
	}
	if (qp)
		ibv_destroy_qp(qp);
	return NULL;
}

void stream_start(struct stream *stream, struct verbs *verbs, void *addr,
		  uint64_t len, uint32_t rkey)
{
	struct stream_message msg = {
		.kind = STREAM_START,
		.addr = (uintptr_t)addr,
		.len = len,
		.rkey = rkey,
	};

	stream->verbs = verbs;
	if (write(stream->sock, &msg, sizeof(msg)) != sizeof(msg))
		t_bail("starting the peer");
	if (pthread_create(&stream->responder, NULL, responder_main, stream))
		t_bail("pthread_create");
}

void stream_stop(struct stream *stream)
{
	int status;

	stream->state->stop = true;
	if (stream->peer_pid) {
		if (waitpid(stream->peer_pid, &status, 0) < 0 || status)
			t_ok(false, "the peer ended well");
	} else {
		pthread_join(stream->peer_thread, NULL);
	}
	pthread_join(stream->responder, NULL);
	if (stream->peer_sock >= 0)
		close(stream->peer_sock);
	close(stream->sock);
}

struct counter_wait {
	_Atomic uint64_t *counter;
	uint64_t goal;
};

static bool reached(void *arg)
{
	struct counter_wait *wait = arg;

	return *wait->counter >= wait->goal;
}

bool stream_wait_successes(struct stream *stream, uint64_t n, int ms)
{
	struct counter_wait wait = {&stream->state->successes,
				    stream->state->successes + n};

	return t_wait(reached, &wait, ms);
}

bool stream_wait_refusals(struct stream *stream, uint64_t n, int ms)
{
	struct counter_wait wait = {&stream->state->refusals,
				    stream->state->refusals + n};

	return t_wait(reached, &wait, ms);
}

uint64_t stream_successes(struct stream *stream)
{
	return stream->state->successes;
}

uint64_t stream_refusals(struct stream *stream)
{
	return stream->state->refusals;
}

uint64_t stream_last_success_ns(struct stream *stream)
{
	return stream->state->last_success_ns;
}

uint64_t stream_first_error_ns(struct stream *stream)
{
	return stream->state->first_error_ns;
}

enum ibv_wc_status stream_first_error(struct stream *stream)
{
	return stream->state->first_error;
}

uint64_t stream_count_words(const void *buf, size_t len)
{
	const uint64_t *words = buf;
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < len / sizeof(*words); i++)
		if (words[i] >> 32 == STREAM_MARK)
			n++;
	return n;
}
