// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The kernel's memory regions.  It uses a handle again at once, but no key. */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl.h>
#include <rdma/rdma_user_ioctl_cmds.h>

#include "../lib/record.h"
#include "../lib/stack.h"
#include "base/sys.h"
#include "fake_kernel_mr.h"

int __real_sys_ioctl(int fd, unsigned long request, void *arg);
int __wrap_sys_ioctl(int fd, unsigned long request, void *arg);

/* Of the device, as far as the kernel is concerned */
#define FAKE_KERNEL_DRIVER 14

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

static bool is_device(int fd, const struct ibv_context *context)
{
	struct stat st;

	return sys_fstat(fd, &st) == 0 && stack_is_device(context, &st);
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

static int destroy(const struct ibv_mr *mr, uint32_t handle)
{
	if (mrs[handle].mr != mr)
		fake_kernel_mr.n_strangers++;
	if (is_stuck(mr))
		return stuck.error;
	mrs[handle].mr = NULL;
	if (!fake_kernel_mr.is_quiet)
		record("destroy %d", (int)handle);
	return 0;
}

/* By the program, through libibverbs */
int fake_cmd_dereg_mr(struct ibv_mr *mr)
{
	int r;

	pthread_mutex_lock(&mutex);
	if (!is_device(mr->context->cmd_fd, mr->context)) {
		fake_kernel_mr.n_without_device++;
		r = EBADF;
	} else {
		r = destroy(mr, mr->handle);
	}
	pthread_mutex_unlock(&mutex);
	if (!r && fake_kernel_mr.on_destroyed)
		fake_kernel_mr.on_destroyed(mr);
	return r;
}

static uint64_t attr_of(const struct ib_uverbs_ioctl_hdr *header, uint16_t id)
{
	size_t i;

	for (i = 0; i < header->num_attrs; i++)
		if (header->attrs[i].attr_id == id)
			return header->attrs[i].data;
	return UINT64_MAX;
}

/* The request of the keeper, on its own descriptor */
static int run_request(int fd, const struct ib_uverbs_ioctl_hdr *header,
		       const struct ibv_mr **ret_destroyed)
{
	bool is_query = header->method_id == UVERBS_METHOD_QUERY_MR;
	uint64_t handle = attr_of(header,
				  is_query ? UVERBS_ATTR_QUERY_MR_HANDLE :
					     UVERBS_ATTR_DESTROY_MR_HANDLE);
	const struct ibv_mr *mr;
	int r;

	if (header->driver_id != FAKE_KERNEL_DRIVER)
		return EINVAL;
	mr = handle < FAKE_KERNEL_MRS ? mrs[handle].mr : NULL;
	if (!mr || !is_device(fd, mr->context))
		return ENOENT;
	if (is_query) {
		*(uint32_t *)attr_of(header, UVERBS_ATTR_QUERY_MR_RESP_LKEY) =
			mr->lkey + fake_kernel_mr.has_others;
		*(uint32_t *)attr_of(header, UVERBS_ATTR_QUERY_MR_RESP_RKEY) =
			mr->rkey;
		return 0;
	}
	r = destroy(mr, handle);
	if (!r)
		*ret_destroyed = mr;
	return r;
}

int __wrap_sys_ioctl(int fd, unsigned long request, void *arg)
{
	const struct ibv_mr *destroyed = NULL;
	int r;

	if (request != RDMA_VERBS_IOCTL)
		return __real_sys_ioctl(fd, request, arg);
	pthread_mutex_lock(&mutex);
	r = run_request(fd, arg, &destroyed);
	pthread_mutex_unlock(&mutex);
	if (destroyed && fake_kernel_mr.on_destroyed)
		fake_kernel_mr.on_destroyed(destroyed);
	errno = r;
	return r ? -1 : 0;
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
