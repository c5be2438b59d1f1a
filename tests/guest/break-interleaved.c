// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A break that arrives in the middle of a registration or deregistration
 * waits for it and then ends in the right state: a guarded region or an
 * error, never a region that outlives the operation, and no lease is left.
 *
 *   break-interleaved DIR
 *
 * The interleavings are forced by a gate in the ioctl that registers or
 * destroys the kernel's region.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "fake-ioctl-gate.h"
#include "files.h"
#include "guard.h"
#include "t.h"
#include "verbs.h"

#define FILE_LEN (1UL << 20)
#define GATE_MS 10000
#define STILL_MS 300 /* how long nothing must happen while the gate is shut */

enum { PUNCH, TRUNCATE };

static const struct interleaving {
	const char *name;
	enum gate_command command;
	enum gate_side side;
	long operation;
	bool ends_with_region; /* what is registered has its blocks again */
} interleavings[] = {
	{"punch hole before the registration", GATE_REG_MR, GATE_BEFORE, PUNCH,
	 true},
	{"punch hole after the registration", GATE_REG_MR, GATE_AFTER, PUNCH,
	 true},
	{"truncate before the registration", GATE_REG_MR, GATE_BEFORE, TRUNCATE,
	 false},
	{"truncate after the registration", GATE_REG_MR, GATE_AFTER, TRUNCATE,
	 false},
	{"punch hole before the destruction", GATE_DESTROY_MR, GATE_BEFORE,
	 PUNCH, false},
	{"truncate before the destruction", GATE_DESTROY_MR, GATE_BEFORE,
	 TRUNCATE, false},
	{"truncate after the destruction", GATE_DESTROY_MR, GATE_AFTER,
	 TRUNCATE, false},
};

static char path[FILES_PATH_MAX];
static struct verbs verbs;
static struct t_child child;

static int operate(void *arg, long operation)
{
	if (operation == TRUNCATE)
		return truncate(path, 0) ? errno : 0;
	return files_punch(path, FILE_LEN);
}

/* The call that stops at the gate */
struct call {
	pthread_t thread;
	void *addr;
	struct ibv_mr *mr; /* result of a registration, or what to destroy */
	int err;
};

static void *call_reg(void *arg)
{
	struct call *call = arg;

	call->mr = ibv_reg_mr(verbs.pd, call->addr, FILE_LEN, VERBS_ACCESS);
	call->err = call->mr ? 0 : errno;
	return NULL;
}

static void *call_dereg(void *arg)
{
	struct call *call = arg;

	call->err = ibv_dereg_mr(call->mr);
	return NULL;
}

static bool has_returned(void *arg)
{
	return t_child_returned(arg);
}

/* Start the call, let the operation come while it stands at the gate */
static void force(const struct interleaving *il, struct call *call, int fd)
{
	struct t_child_result res;

	/* Without a lease it is registered at once first, which the kernel refuses. */
	gate_close(il->command, il->side, il->command == GATE_REG_MR);
	if (pthread_create(&call->thread, NULL,
			   il->command == GATE_REG_MR ? call_reg : call_dereg,
			   call))
		t_bail("pthread_create");
	if (!gate_wait_stopped(GATE_MS))
		t_bail("%s: the call did not come to the gate", il->name);
	t_ok(guard_leases(fd).held == 1, "%s: at the gate, with one lease",
	     il->name);
	t_child_go(&child, il->operation);
	t_ok(guard_wait_breaking(fd, GATE_MS), "%s: the break has come",
	     il->name);
	/* Once the kernel's region is gone nothing has to wait for the call */
	if (il->command != GATE_DESTROY_MR || il->side != GATE_AFTER)
		t_ok(!t_wait(has_returned, &child, STILL_MS),
		     "%s: the operation waits for the call", il->name);
	gate_open();
	pthread_join(call->thread, NULL);
	if (!t_child_wait(&child, 60000, &res))
		t_bail("%s: the operation has not returned", il->name);
	t_zero(res.err, "%s: the operation", il->name);
	t_ok(res.end_ns - res.begin_ns < guard_break_time_ms() * 1000000ULL,
	     "%s: it took %.1f ms", il->name, t_ms(res.end_ns - res.begin_ns));
}

/* A region is there, writes to the file and is as guarded as any */
static void check_region(const struct interleaving *il, struct ibv_mr *mr,
			 char *addr, int fd)
{
	static const char data[] = "after the break";
	char found[sizeof(data)];
	struct t_child_result res;
	int status;

	t_ok(guard_leases(fd).held == 1 && !guard_leases(fd).breaking,
	     "%s: one lease, taken again", il->name);
	status = verbs_write_once(&verbs, data, sizeof(data), addr, mr->rkey);
	t_ok(!status && pread(fd, found, sizeof(found), 0) == sizeof(found) &&
		     !memcmp(found, data, sizeof(data)),
	     "%s: a write lands in the file: %s", il->name,
	     ibv_wc_status_str(status));
	res = t_child_run(&child, PUNCH, 60000);
	t_zero(res.err, "%s: the next operation", il->name);
	status = verbs_write_once(&verbs, data, sizeof(data), addr, mr->rkey);
	t_ok(status && !files_count_other(fd, 0, FILE_LEN, 0),
	     "%s: it revoked the region: %s", il->name,
	     ibv_wc_status_str(status));
	t_zero(ibv_dereg_mr(mr), "%s: ibv_dereg_mr", il->name);
}

static void run(const struct interleaving *il)
{
	int fd = files_create(path, FILE_LEN, '.');
	struct call call = {.addr = files_map(fd, FILE_LEN)};

	if (il->command == GATE_DESTROY_MR) {
		call_reg(&call);
		if (!call.mr)
			t_bail("%s: ibv_reg_mr", il->name);
	}
	force(il, &call, fd);
	if (il->command == GATE_DESTROY_MR)
		t_zero(call.err, "%s: ibv_dereg_mr", il->name);
	else if (il->ends_with_region)
		t_zero(call.err, "%s: ibv_reg_mr", il->name);
	else
		t_ok(call.err, "%s: ibv_reg_mr beyond the end: %s", il->name,
		     t_errname(call.err));
	if (il->command == GATE_REG_MR && call.mr)
		check_region(il, call.mr, call.addr, fd);
	t_ok(!guard_leases(fd).held, "%s: no lease is left", il->name);
	t_ok(guard_wait_nothing(5000), "%s: nothing is left in the library",
	     il->name);
	munmap(call.addr, FILE_LEN);
	close(fd);
	unlink(path);
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(path, argv[1], "interleaved");
	t_child_start(&child, operate, NULL);
	verbs_open(&verbs);
	for (i = 0; i < sizeof(interleavings) / sizeof(interleavings[0]); i++)
		run(&interleavings[i]);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&child);
	return t_done();
}
