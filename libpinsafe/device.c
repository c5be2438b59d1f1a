// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The keeper's hold on the devices of the program, and the proof that what it
 * holds is what was meant.  Whatever is under a number, in whichever table: a
 * memory region of somebody else is never destroyed.
 *
 * - The descriptor comes from the thread that registers, which uses it itself.
 * - A later thread has to have the same open file.  That shows by a lock that the
 *   keeper sets on it (F_OFD_SETLK, fcntl(2)), on a byte far behind the end of
 *   any file: it is in nobody's way but of who comes by another open file, or
 *   with locks of processes (F_SETLK).  kcmp(2) would say it, too, but sandboxes
 *   refuse it.
 * - Before a memory region is destroyed, the kernel has to know it on this open
 *   file by the keys that the program has.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/sys.h"
#include "device.h"
#include "hook/real_verbs.h"
#include "keeper.h"
#include "machine/uverbs.h"

/* So that two of us do not meet: up to half of what an off_t can say */
static int random_mark(uint64_t *ret_mark)
{
	uint64_t mark;

	if (SYS_CALL(getrandom, &mark, sizeof(mark), 0) != sizeof(mark))
		return errno;
	*ret_mark = mark >> 2 | 1ull << 61;
	return 0;
}

static struct flock lock_at(uint64_t mark)
{
	return (struct flock){
		.l_type = F_WRLCK,
		.l_whence = SEEK_SET,
		.l_start = mark,
		.l_len = 1,
	};
}

static int set_mark(struct real_device *device, struct cause *cause)
{
	struct flock lock;
	struct stat st;
	int r;

	if (sys_fstat(device->fd, &st))
		return cause_call(cause, "statx(2)", errno);
	device->dev = st.st_dev;
	device->ino = st.st_ino;
	r = random_mark(&device->mark);
	if (r)
		return cause_call(cause, "getrandom(2)", r);
	lock = lock_at(device->mark);
	if (sys_fcntl(device->fd, F_OFD_SETLK, (uintptr_t)&lock)) {
		/* That is not over soon, as a break would be. */
		if (errno == EAGAIN) {
			cause->kind = CAUSE_DEVICE_LOCKED;
			return EBUSY;
		}
		return cause_call(cause, "fcntl(2) with F_OFD_SETLK", errno);
	}
	return 0;
}

struct adopt_args {
	struct ibv_context *context;
	struct cause *cause;
	uint64_t unfit;		/* the mark of what is to be replaced, or 0 */
};

static int adopt_on_keeper(void *arg)
{
	const struct adopt_args *args = arg;
	struct ibv_context *context = args->context;
	struct real_device device = { .fd = keeper_take() }, old;
	bool has_old = !real_verbs_get_device(context, &old);
	int r = 0;

	/* Another thread may have been faster. */
	if (has_old && (old.is_known || old.mark != args->unfit))
		goto out_close;
	r = set_mark(&device, args->cause);
	if (r)
		goto out_close;
	real_verbs_set_device(context, &device);
	if (has_old)
		(void)sys_close(old.fd);
	return 0;

out_close:
	(void)sys_close(device.fd);
	return r;
}

/* What this thread has is not what the keeper has, or that is no device. */
static int other_device(struct cause *cause)
{
	cause->kind = CAUSE_OTHER_DEVICE;
	return EBADF;
}

/*
 * 0; EBADF: it has not; EAGAIN: nobody can tell.  Which locks the open file itself
 * has Linux tells from 6.6 on, else EINVAL; those of the program may hide ours.
 */
static int has_mark(int fd, uint64_t mark)
{
	static atomic_bool is_unknown;
	struct flock lock = lock_at(mark);

	if (atomic_load_explicit(&is_unknown, memory_order_relaxed))
		return EAGAIN;
	lock.l_type = F_UNLCK;
	if (sys_fcntl(fd, F_OFD_GETLK, (uintptr_t)&lock)) {
		if (errno == EINVAL)
			atomic_store_explicit(&is_unknown, true,
					      memory_order_relaxed);
		return EAGAIN;
	}
	if (lock.l_type == F_UNLCK)
		return EBADF;
	return lock.l_start == (off_t)mark && lock.l_len == 1 ? 0 : EAGAIN;
}

/*
 * No lock in the way of a file means nothing if the lock is on another one; so
 * it has to be the same device, too.
 */
static int check(const struct ibv_context *context,
		 const struct real_device *device, struct cause *cause)
{
	struct flock lock = lock_at(device->mark);
	int r = has_mark(context->cmd_fd, device->mark);
	struct stat mine;

	if (r != EAGAIN)
		return r ? other_device(cause) : 0;
	if (sys_fstat(context->cmd_fd, &mine) ||
	    mine.st_dev != device->dev || mine.st_ino != device->ino)
		return other_device(cause);
	if (sys_fcntl(context->cmd_fd, F_OFD_GETLK, (uintptr_t)&lock))
		return cause_call(cause, "fcntl(2) with F_OFD_GETLK", errno);
	/* One of another open file is in the way, which is none of this one. */
	return lock.l_type == F_UNLCK ? 0 : other_device(cause);
}

/*
 * What nothing has proven yet may be of a thread with a table of its own, which was
 * the first to register: it is not kept against those that have another one.
 */
int device_adopt(struct ibv_context *context, struct cause *cause)
{
	struct adopt_args args = { context, cause, 0 };
	struct real_device device;
	int r;

	if (!real_verbs_get_device(context, &device)) {
		r = check(context, &device, cause);
		if (r != EBADF || device.is_known)
			return r;
		args.unfit = device.mark;
		cause->kind = CAUSE_UNKNOWN;
	}
	r = keeper_call_with(context->cmd_fd, adopt_on_keeper, &args, cause);
	if (r)
		return r == EBADF ? other_device(cause) : r;
	r = real_verbs_get_device(context, &device);
	return r ?: check(context, &device, cause);
}

static bool is_meant(const struct uverbs_mr *found, const struct ibv_mr *mr)
{
	return found->lkey == mr->lkey && found->rkey == mr->rkey;
}

/* Which driver it is shows when it is asked for a memory region that it has. */
static int find_driver(struct real_device *device, const struct ibv_mr *mr)
{
	struct uverbs_mr found;
	uint32_t id;
	int r = ENOTTY;

	for (id = 0; id < UVERBS_N_DRIVERS; id++) {
		r = uverbs_query_mr(device->fd, id, mr->handle, &found);
		if (r != EINVAL)
			break;
	}
	if (!r && !is_meant(&found, mr))
		r = EBADF;
	if (r)
		return r;
	device->driver_id = id;
	device->is_known = true;
	return 0;
}

struct prove_args {
	struct ibv_mr *mr;
	struct cause *cause;
};

static int prove_on_keeper(void *arg)
{
	const struct prove_args *args = arg;
	struct ibv_mr *mr = args->mr;
	struct real_device device;
	int r = real_verbs_get_device(mr->context, &device);

	if (r || device.is_known)
		return r;
	r = find_driver(&device, mr);
	if (!r)
		real_verbs_set_device(mr->context, &device);
	else if (r == EBADF)
		(void)other_device(args->cause);
	else if (r == ENOTTY)
		args->cause->kind = CAUSE_NO_VERBS;
	else
		(void)cause_call(args->cause, "ioctl(2) on the device", r);
	return r;
}

int device_prove(struct ibv_mr *mr, struct cause *cause)
{
	struct prove_args args = { mr, cause };
	struct real_device device;

	if (!real_verbs_get_device(mr->context, &device) && device.is_known)
		return 0;
	return keeper_call(prove_on_keeper, &args);
}

int device_destroy_mr(const struct ibv_mr *mr)
{
	struct real_device device;
	struct uverbs_mr found;
	int r = real_verbs_get_device(mr->context, &device);

	if (!r && !device.is_known)
		r = find_driver(&device, mr);
	if (!r)
		r = uverbs_query_mr(device.fd, device.driver_id, mr->handle,
				    &found);
	if (!r && !is_meant(&found, mr))
		r = EBADF;
	if (!r)
		r = uverbs_destroy_mr(device.fd, device.driver_id, mr->handle);
	/* What a disassociated device says (rdma_core: verbs_is_destroy_err) */
	return r == EIO || r == ENODEV ? 0 : r;
}

void device_drop(const struct ibv_context *context)
{
	struct real_device device;

	if (!real_verbs_get_device(context, &device))
		(void)sys_close(device.fd);
}
