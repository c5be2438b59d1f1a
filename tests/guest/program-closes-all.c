// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program that closes all its descriptors while a memory region is alive,
 * pinsafe's included as far as it can, still has it revoked: its queue pair is
 * alive, because its queues are mapped, and so is the danger.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (1UL << 20)

static struct region region;

static struct shared {
	uint32_t qp_num, peer_qp_num, rkey;
	int status;
} * shared;

/* What the peer does: a queue pair, a write, the truncate */
enum { CONNECT, WRITE, TRUNCATE };

static int peer_connect(struct verbs *verbs, struct ibv_qp **ret_qp)
{
	verbs_open(verbs);
	*ret_qp = verbs_qp_create(verbs);
	shared->peer_qp_num = (*ret_qp)->qp_num;
	return verbs_qp_connect(verbs, *ret_qp, shared->qp_num);
}

static int peer_write(struct verbs *verbs, struct ibv_qp *qp)
{
	static char data[] = "written by the peer";
	struct ibv_mr *mr = ibv_reg_mr(verbs->pd, data, sizeof(data), 0);
	struct loopback_transfer transfer = {
		.opcode = IBV_WR_RDMA_WRITE,
		.local = data,
		.len = sizeof(data),
		.remote = (uintptr_t)region.addr,
		.rkey = shared->rkey,
	};
	struct ibv_wc wc;
	int err;

	if (!mr)
		return errno;
	transfer.lkey = mr->lkey;
	err = loopback_post(qp, &transfer);
	if (!err)
		err = verbs_poll(verbs, 20000, &wc);
	shared->status = err ? -1 : (int)wc.status;
	ibv_dereg_mr(mr);
	return err;
}

static int peer(void *arg, long request)
{
	static struct verbs verbs;
	static struct ibv_qp *qp;

	switch (request) {
	case CONNECT:
		return peer_connect(&verbs, &qp);
	case WRITE:
		return peer_write(&verbs, qp);
	default:
		return truncate(region.path, 0) ? errno : 0;
	}
}

int main(int argc, char **argv)
{
	struct t_child_result result;
	struct t_child child;
	struct verbs verbs;
	struct ibv_qp *qp;

	if (argc != 2)
		t_bail("usage: DIR");
	shared = t_shared(sizeof(*shared));
	region_create(&region, argv[1], "closes-all", FILE_LEN);
	t_child_start(&child, peer, NULL);
	/* The test's own way to the peer shall stay open */
	child.sock = dup2(child.sock, STDIN_FILENO);
	verbs_open(&verbs);
	region_register(&region, &verbs);
	qp = verbs_qp_create(&verbs);
	shared->qp_num = qp->qp_num;
	shared->rkey = region.mr->rkey;
	t_zero(t_child_run(&child, CONNECT, 20000).err, "the peer connects");
	t_zero(verbs_qp_connect(&verbs, qp, shared->peer_qp_num), "so do we");

	if (close_range(3, ~0U, 0))
		t_bail("close_range");
	t_ok(fcntl(verbs.context->cmd_fd, F_GETFD) < 0,
	     "the program has no descriptor of the device");
	t_ok(region_leases(&region).held == 1, "the lease is held");
	t_zero(t_child_run(&child, WRITE, 30000).err, "the peer writes");
	t_ok(shared->status == IBV_WC_SUCCESS, "RDMA WRITE: %s",
	     ibv_wc_status_str(shared->status));
	t_ok(!strcmp(region.addr, "written by the peer"),
	     "the mapping has the data");

	result = t_child_run(&child, TRUNCATE, guard_break_time_ms() / 2);
	t_zero(result.err, "truncate by another process returns in %.0f ms",
	       t_ms(result.end_ns - result.begin_ns));
	t_ok(guard_stats().revoked_mrs == 1, "the region is revoked");
	t_ok(!region_leases(&region).held, "no lease is left");
	t_zero(t_child_run(&child, WRITE, 30000).err, "the peer writes again");
	t_ok(shared->status > IBV_WC_SUCCESS, "RDMA WRITE fails: %s",
	     ibv_wc_status_str(shared->status));
	/* The program has thrown away what it would deregister with. */
	unlink(region.path);
	t_child_stop(&child);
	return t_done();
}
