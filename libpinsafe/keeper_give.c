// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* How the keeper gets a descriptor of the program, which is in another table. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "handover.h"
#include "keeper.h"

/* Of the keeper's thread: what came with the request that is served, or -1 */
static int given_fd = -1;

int keeper_take(void)
{
	int fd = given_fd;

	given_fd = -1;
	return fd;
}

/* It is of the parent's table. */
void keeper_give_forget(void)
{
	given_fd = -1;
}

struct handed {
	struct handover handover;
	int fd;			/* of thread @tid */
	pid_t tid;
	struct stat st;		/* of the file of @fd */
	int (*fn)(void *arg);
	void *arg;
	struct cause *cause;
};

static int open_handover(void *arg)
{
	struct handed *handed = arg;

	return handover_open(handed->cause, &handed->handover);
}

static int close_handover(void *arg)
{
	struct handed *handed = arg;

	handover_close(&handed->handover);
	return 0;
}

static int serve_with(const struct handed *handed, int fd)
{
	int r;

	given_fd = fd;
	r = handed->fn(handed->arg);
	if (given_fd >= 0)
		(void)sys_close(keeper_take());
	return r;
}

static int receive(void *arg)
{
	struct handed *handed = arg;
	int fd, r;

	r = handover_receive(&handed->handover, handed->cause, &fd);
	handover_close(&handed->handover);
	return r ?: serve_with(handed, fd);
}

int keeper_call_with(int fd, int (*fn)(void *arg), void *arg,
		     struct cause *cause)
{
	struct handed handed = { .fn = fn, .arg = arg, .cause = cause };
	int r;

	r = keeper_call(open_handover, &handed);
	if (r)
		return r;
	r = handover_send(&handed.handover, fd, cause);
	if (!r)
		return keeper_call(receive, &handed);
	(void)keeper_call(close_handover, &handed);
	return r;
}

/* Where /proc has other numbers for threads, this is none, or another's. */
static int open_path(void *arg)
{
	const struct handed *handed = arg;
	struct stat st;
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%d", handed->tid,
		 handed->fd);
	fd = sys_open(path, O_PATH | O_CLOEXEC, 0);
	if (fd < 0)
		return EBADF;
	if (!sys_fstat(fd, &st) && st.st_dev == handed->st.st_dev &&
	    st.st_ino == handed->st.st_ino)
		return serve_with(handed, fd);
	(void)sys_close(fd);
	return EBADF;
}

int keeper_call_with_path(int fd, int (*fn)(void *arg), void *arg,
			  struct cause *cause)
{
	struct handed handed = { .fd = fd, .tid = sys_gettid(), .fn = fn,
				 .arg = arg };
	int r = EBADF;

	if (!sys_fstat(fd, &handed.st))
		r = keeper_call(open_path, &handed);
	return r == EBADF ? keeper_call_with(fd, fn, arg, cause) : r;
}
