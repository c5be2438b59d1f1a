// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * While a region is being revoked, a registration of the same file waits and
 * succeeds, of two threads that deregister the region one gets 0, and closing
 * the device waits; the breaking operation succeeds in time every time.
 *
 *   close-during-break DIR
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
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
#define STILL_MS 300
#define LOOSE_ROUNDS 20 /* closings without a gate, as chance has it */

static char path[FILES_PATH_MAX];
static struct verbs verbs;
static struct t_child child;
static int fd;
static char *addr;

static int punch(void *arg, long param)
{
	return files_punch(path, FILE_LEN);
}

/* A call in a thread of its own */
struct call {
	void (*run)(struct call *call);
	struct ibv_mr *mr;
	struct ibv_context *context;
	int err;
	pthread_t thread;
	_Atomic pid_t tid;
	_Atomic bool returned;
};

static void call_reg(struct call *call)
{
	call->mr = ibv_reg_mr(verbs.pd, addr, FILE_LEN, VERBS_ACCESS);
	call->err = call->mr ? 0 : errno;
}

static void call_dereg(struct call *call)
{
	call->err = ibv_dereg_mr(call->mr);
}

static void call_close(struct call *call)
{
	call->err = ibv_close_device(call->context);
}

static void *call_main(void *arg)
{
	struct call *call = arg;

	call->tid = gettid();
	call->run(call);
	call->returned = true;
	return NULL;
}

static void call_start(struct call *call)
{
	if (pthread_create(&call->thread, NULL, call_main, call))
		t_bail("pthread_create");
}

static bool has_returned(void *arg)
{
	return ((struct call *)arg)->returned;
}

/* The thread is in its call and sleeps there */
static bool is_asleep(void *arg)
{
	struct call *call = arg;
	char name[64], state = '?';
	FILE *stat;

	if (!call->tid)
		return false;
	snprintf(name, sizeof(name), "/proc/self/task/%d/stat", call->tid);
	stat = fopen(name, "re");
	if (!stat)
		return false;
	if (fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
		state = '?';
	fclose(stat);
	return state == 'S';
}

static void call_finish(struct call *call)
{
	pthread_join(call->thread, NULL);
}

static struct ibv_mr *reg(struct verbs *v)
{
	struct ibv_mr *mr = ibv_reg_mr(v->pd, addr, FILE_LEN, VERBS_ACCESS);

	if (!mr)
		t_bail("ibv_reg_mr");
	return mr;
}

/* From here on the revocation stands at the gate */
static void break_up_to_gate(void)
{
	gate_close(GATE_DESTROY_MR, GATE_BEFORE, 0);
	t_child_go(&child, 0);
	if (!gate_wait_stopped(GATE_MS))
		t_bail("no revocation came to the gate");
}

static void finish_break(const char *what)
{
	struct t_child_result res;

	if (!t_child_wait(&child, 60000, &res))
		t_bail("%s: the operation has not returned", what);
	t_zero(res.err, "%s: the operation", what);
	t_ok(res.end_ns - res.begin_ns < guard_break_time_ms() * 1000000ULL,
	     "%s: it took %.1f ms", what, t_ms(res.end_ns - res.begin_ns));
}

static void check_nothing_left(const char *what)
{
	t_ok(guard_wait_no_lease(fd, 5000), "%s: no lease is left", what);
	t_ok(guard_wait_nothing(5000), "%s: nothing is left in the library",
	     what);
}

static void register_during_break(void)
{
	static const char what[] = "registering";
	struct call call = {.run = call_reg};
	struct ibv_mr *mr = reg(&verbs);
	int status;

	break_up_to_gate();
	call_start(&call);
	t_ok(!t_wait(has_returned, &call, STILL_MS),
	     "%s: waits while the break goes on", what);
	gate_open();
	call_finish(&call);
	finish_break(what);
	t_zero(call.err, "%s: ibv_reg_mr", what);
	t_ok(guard_leases(fd).held == 1, "%s: one lease", what);
	if (call.mr) {
		status = verbs_write_once(&verbs, what, sizeof(what), addr,
					  call.mr->rkey);
		t_ok(!status && !memcmp(addr, what, sizeof(what)),
		     "%s: RDMA WRITE: %s", what, ibv_wc_status_str(status));
		t_zero(ibv_dereg_mr(call.mr), "%s: ibv_dereg_mr, new", what);
	}
	t_zero(ibv_dereg_mr(mr), "%s: ibv_dereg_mr, revoked", what);
	check_nothing_left(what);
}

static void deregister_twice_during_break(void)
{
	static const char what[] = "deregistering twice";
	struct ibv_mr *mr = reg(&verbs);
	struct call first = {.run = call_dereg, .mr = mr};
	struct call second = first;
	bool both_in;

	break_up_to_gate();
	call_start(&first);
	call_start(&second);
	both_in = t_wait(is_asleep, &first, GATE_MS) &&
		  t_wait(is_asleep, &second, GATE_MS);
	t_ok(both_in && !first.returned && !second.returned,
	     "%s: both wait for the revocation", what);
	gate_open();
	call_finish(&first);
	call_finish(&second);
	finish_break(what);
	t_ok(!first.err != !second.err, "%s: one got 0: %s and %s", what,
	     t_errname(first.err), t_errname(second.err));
	check_nothing_left(what);
}

/*
 * The region and its domain are left to the kernel, as a lazy program does;
 * remembered here, so that a leak checker speaks of the library's leaks only.
 */
static struct lazy {
	struct verbs verbs;
	struct ibv_mr *mr;
} lazy[1 + LOOSE_ROUNDS];

static void close_during_break(struct lazy *left, bool gated)
{
	static const char what[] = "closing";
	struct call call = {.run = call_close};

	verbs_open(&left->verbs);
	call.context = left->verbs.context;
	left->mr = reg(&left->verbs);
	if (gated)
		break_up_to_gate();
	else
		t_child_go(&child, 0);
	call_start(&call);
	if (gated) {
		t_ok(!t_wait(has_returned, &call, STILL_MS),
		     "%s: waits for the revocation", what);
		gate_open();
	}
	call_finish(&call);
	finish_break(what);
	t_zero(call.err, "%s: ibv_close_device", what);
	check_nothing_left(what);
}

int main(int argc, char **argv)
{
	int i;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(path, argv[1], "closing");
	t_child_start(&child, punch, NULL);
	fd = files_create(path, FILE_LEN, '.');
	addr = files_map(fd, FILE_LEN);
	verbs_open(&verbs);

	register_during_break();
	deregister_twice_during_break();
	close_during_break(&lazy[0], true);
	for (i = 1; i <= LOOSE_ROUNDS; i++)
		close_during_break(&lazy[i], false);

	munmap(addr, FILE_LEN);
	close(fd);
	unlink(path);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&child);
	return t_done();
}
