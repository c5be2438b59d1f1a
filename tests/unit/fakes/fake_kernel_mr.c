// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The kernel's memory regions.  It uses a handle again at once, but no key. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../lib/record.h"
#include "../lib/stack.h"
#include "fake_kernel_mr.h"

struct fake_kernel_mr fake_kernel_mr;

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
	const struct ibv_mr *mr;
	const char *addr;
	size_t length;
} mrs[FAKE_KERNEL_MRS];

static uint32_t last_key = 0x100;
static struct {
	const struct ibv_mr *mr;
	unsigned int times;
	int error;
} stuck;

void fake_kernel_mr_reset(void)
{
	pthread_mutex_lock(&mutex);
	memset(mrs, 0, sizeof(mrs));
	memset(&stuck, 0, sizeof(stuck));
	memset(&fake_kernel_mr, 0, sizeof(fake_kernel_mr));
	pthread_mutex_unlock(&mutex);
}

void fake_kernel_mr_stick(const struct ibv_mr *mr, unsigned int times,
			  int error)
{
	pthread_mutex_lock(&mutex);
	stuck.mr = mr;
	stuck.times = times;
	stuck.error = error;
	pthread_mutex_unlock(&mutex);
}

static bool has_device(const struct ibv_context *context)
{
	struct stat st;

	return fstat(context->cmd_fd, &st) == 0 &&
	       stack_is_device(context, &st);
}

int fake_cmd_reg_mr(struct ibv_mr *mr)
{
	uint32_t i = 0;

	pthread_mutex_lock(&mutex);
	while (i < FAKE_KERNEL_MRS && mrs[i].mr)
		i++;
	if (i < FAKE_KERNEL_MRS) {
		mr->handle = i;
		mr->lkey = mr->rkey = ++last_key;
		mrs[i].mr = mr;
		mrs[i].addr = mr->addr;
		mrs[i].length = mr->length;
	}
	pthread_mutex_unlock(&mutex);
	return i < FAKE_KERNEL_MRS ? 0 : ENOMEM;
}

static bool is_stuck(const struct ibv_mr *mr)
{
	if (!stuck.times || (stuck.mr && stuck.mr != mr))
		return false;
	stuck.times--;
	return true;
}

int fake_cmd_dereg_mr(struct ibv_mr *mr)
{
	int r = 0;

	pthread_mutex_lock(&mutex);
	if (!has_device(mr->context)) {
		fake_kernel_mr.n_without_device++;
		r = EBADF;
	} else if (is_stuck(mr)) {
		r = stuck.error;
	} else {
		if (mrs[mr->handle].mr != mr)
			fake_kernel_mr.n_strangers++;
		mrs[mr->handle].mr = NULL;
		if (!fake_kernel_mr.is_quiet)
			record("destroy %d", (int)mr->handle);
	}
	pthread_mutex_unlock(&mutex);
	if (!r && fake_kernel_mr.on_destroyed)
		fake_kernel_mr.on_destroyed(mr);
	return r;
}

int fake_cmd_rereg_mr(struct ibv_mr *mr, int flags, void *addr, size_t length)
{
	pthread_mutex_lock(&mutex);
	if (mrs[mr->handle].mr != mr) {
		fake_kernel_mr.n_strangers++;
	} else if (flags & IBV_REREG_MR_CHANGE_TRANSLATION) {
		mrs[mr->handle].addr = addr;
		mrs[mr->handle].length = length;
	}
	pthread_mutex_unlock(&mutex);
	return 0;
}

size_t fake_kernel_mr_count(void)
{
	size_t i, n = 0;

	pthread_mutex_lock(&mutex);
	for (i = 0; i < FAKE_KERNEL_MRS; i++)
		n += !!mrs[i].mr;
	pthread_mutex_unlock(&mutex);
	return n;
}

bool fake_kernel_mr_covers(const char *addr, size_t length)
{
	bool covers = false;
	size_t i;

	pthread_mutex_lock(&mutex);
	for (i = 0; i < FAKE_KERNEL_MRS; i++)
		if (mrs[i].mr && mrs[i].addr < addr + length &&
		    addr < mrs[i].addr + mrs[i].length)
			covers = true;
	pthread_mutex_unlock(&mutex);
	return covers;
}
