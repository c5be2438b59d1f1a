// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A registration that really is made, but may stop before or after it, and a
 * deregistration that may stop before it or fail instead: they force what tests
 * otherwise could only hope for.
 *
 * Registrations come through an ioctl() of ours: a shared object, so that
 * libibverbs finds it before that of the C library.  It registers by the write
 * command REG_MR wrapped into the ioctl INVOKE_WRITE.  Deregistrations, by the
 * method MR_DESTROY, may come past the C library: seccomp(2) tells a thread of
 * ours of them.
 */
#include <dlfcn.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/ib_user_verbs.h>
#include <rdma/rdma_user_ioctl.h>
#include <rdma/rdma_user_ioctl_cmds.h>

#include "fake-ioctl-gate.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static enum { OPEN, CLOSED, STOPPED } state;
static enum gate_command closed_for;
static enum gate_side closed_side;
static unsigned to_pass;
static uint32_t fail_handle;
static int fail_error;
static unsigned failures;

static int listener = -1;	/* of seccomp(2) */
static uint64_t held;		/* what it told of and stands at the gate; or 0 */

static int (*real_ioctl)(int fd, unsigned long request, ...);

GATE_EXPORT int ioctl(int fd, unsigned long request, ...);

static bool is_write_command(const struct ib_uverbs_ioctl_hdr *hdr,
			     unsigned command)
{
	unsigned i;

	if (hdr->object_id != UVERBS_OBJECT_DEVICE ||
	    hdr->method_id != UVERBS_METHOD_INVOKE_WRITE)
		return false;
	for (i = 0; i < hdr->num_attrs; i++)
		if (hdr->attrs[i].attr_id == UVERBS_ATTR_WRITE_CMD)
			return hdr->attrs[i].data == command;
	return false;
}

static bool is_command(const struct ib_uverbs_ioctl_hdr *hdr,
		       enum gate_command command)
{
	if (command == GATE_REG_MR)
		return is_write_command(hdr, IB_USER_VERBS_CMD_REG_MR);
	return hdr->object_id == UVERBS_OBJECT_MR &&
	       hdr->method_id == UVERBS_METHOD_MR_DESTROY;
}

/* One thread at a time: the gate is open for others while one stands there */
static bool stops(const struct ib_uverbs_ioctl_hdr *hdr, enum gate_side side)
{
	if (state != CLOSED || side != closed_side ||
	    !is_command(hdr, closed_for) || to_pass--)
		return false;
	state = STOPPED;
	pthread_cond_broadcast(&changed);
	return true;
}

static void pass(const struct ib_uverbs_ioctl_hdr *hdr, enum gate_side side)
{
	if (side == GATE_BEFORE && is_command(hdr, GATE_DESTROY_MR))
		return;	/* told_of() */
	pthread_mutex_lock(&lock);
	if (stops(hdr, side))
		while (state == STOPPED)
			pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static bool destroys(const struct ib_uverbs_ioctl_hdr *hdr, uint32_t handle)
{
	unsigned i;

	for (i = 0; i < hdr->num_attrs; i++)
		if (hdr->attrs[i].attr_id == UVERBS_ATTR_DESTROY_MR_HANDLE)
			return hdr->attrs[i].data == handle;
	return false;
}

static int must_fail(const struct ib_uverbs_ioctl_hdr *hdr)
{
	if (!fail_error || !destroys(hdr, fail_handle))
		return 0;
	failures++;
	return fail_error;
}

/* The kernel goes on with the call, or its caller gets error. */
static void answer(uint64_t id, int error)
{
	struct seccomp_notif_resp response = {
		.id = id, .error = -error,
		.flags = error ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE,
	};

	real_ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
}

/* A child of fork(2) has the filter, too, but memory of its own. */
static bool is_thread(pid_t tid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/task/%d", tid);
	return !access(path, F_OK);
}

static void told_of(const struct seccomp_notif *notif)
{
	const struct ib_uverbs_ioctl_hdr *hdr =
		(const void *)(uintptr_t)notif->data.args[2];
	int error = 0;

	if (is_thread(notif->pid) && is_command(hdr, GATE_DESTROY_MR)) {
		pthread_mutex_lock(&lock);
		error = must_fail(hdr);
		if (!error && stops(hdr, GATE_BEFORE))
			held = notif->id;
		pthread_mutex_unlock(&lock);
		if (held == notif->id)
			return;
	}
	answer(notif->id, error);
}

static void *listen_for_ever(void *arg)
{
	for (;;) {
		struct seccomp_notif notif = {};

		if (!real_ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notif))
			told_of(&notif);
		else if (errno != EINTR && errno != ENOENT)
			return arg;
	}
}

#define SKIP_UNLESS(field, value, n)                                           \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS,                                     \
		 offsetof(struct seccomp_data, field)),                        \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, n)

/* Before there is another thread */
__attribute__((constructor)) static void start(void)
{
	struct sock_filter filter[] = {
		SKIP_UNLESS(nr, SYS_ioctl, 3),
		SKIP_UNLESS(args[1], RDMA_VERBS_IOCTL, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {
		.len = sizeof(filter) / sizeof(filter[0]), .filter = filter,
	};
	pthread_t thread;

	real_ioctl =
		(int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
	listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
			   SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
	if (listener < 0 ||
	    pthread_create(&thread, NULL, listen_for_ever, NULL)) {
		perror("fake-ioctl-gate: seccomp");
		_exit(1);
	}
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list ap;
	void *arg;
	int ret;

	va_start(ap, request);
	arg = va_arg(ap, void *);
	va_end(ap);
	if (request != RDMA_VERBS_IOCTL)
		return real_ioctl(fd, request, arg);
	pass(arg, GATE_BEFORE);
	ret = real_ioctl(fd, request, arg);
	pass(arg, GATE_AFTER);
	return ret;
}

void gate_close(enum gate_command command, enum gate_side side,
		unsigned let_pass)
{
	pthread_mutex_lock(&lock);
	closed_for = command;
	closed_side = side;
	to_pass = let_pass;
	state = CLOSED;
	pthread_mutex_unlock(&lock);
}

bool gate_wait_stopped(int ms)
{
	struct timespec end;
	bool stopped;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += ms / 1000 + 1;
	pthread_mutex_lock(&lock);
	while (state != STOPPED &&
	       !pthread_cond_timedwait(&changed, &lock, &end))
		;
	stopped = state == STOPPED;
	pthread_mutex_unlock(&lock);
	return stopped;
}

void gate_open(void)
{
	pthread_mutex_lock(&lock);
	state = OPEN;
	pthread_cond_broadcast(&changed);
	if (held)
		answer(held, 0);
	held = 0;
	pthread_mutex_unlock(&lock);
}

void gate_fail_destroy(uint32_t handle, int error)
{
	pthread_mutex_lock(&lock);
	fail_handle = handle;
	fail_error = error;
	pthread_mutex_unlock(&lock);
}

unsigned gate_failures(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = failures;
	pthread_mutex_unlock(&lock);
	return n;
}
