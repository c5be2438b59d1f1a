// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * An ioctl() that really makes the call, but may stop before or after it, or
 * fail instead: it forces what tests otherwise could only hope for.  A shared
 * object, so that libibverbs finds it before that of the C library.
 *
 * libibverbs registers by the write command REG_MR wrapped into the ioctl
 * INVOKE_WRITE, and deregisters by the method MR_DESTROY.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <time.h>

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

static int (*real_ioctl)(int fd, unsigned long request, ...);

GATE_EXPORT int ioctl(int fd, unsigned long request, ...);

__attribute__((constructor)) static void find_real(void)
{
	real_ioctl =
		(int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl");
}

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
static void pass(const struct ib_uverbs_ioctl_hdr *hdr, enum gate_side side)
{
	pthread_mutex_lock(&lock);
	if (state == CLOSED && side == closed_side &&
	    is_command(hdr, closed_for) && !to_pass--) {
		state = STOPPED;
		pthread_cond_broadcast(&changed);
		while (state == STOPPED)
			pthread_cond_wait(&changed, &lock);
	}
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

static bool must_fail(const struct ib_uverbs_ioctl_hdr *hdr)
{
	int error = 0;

	pthread_mutex_lock(&lock);
	if (fail_error && is_command(hdr, GATE_DESTROY_MR) &&
	    destroys(hdr, fail_handle)) {
		error = fail_error;
		failures++;
	}
	pthread_mutex_unlock(&lock);
	if (error)
		errno = error;
	return error;
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
	if (must_fail(arg))
		return -1;
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
