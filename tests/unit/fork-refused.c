// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A child of fork(2) lets go of its parent's device, also if the system calls for
 * that fail: there is another way, or a line that says that it could not.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/child.h"
#include "lib/refused.h"
#include "lib/stack.h"

#define FIXED (MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED)
/* PROCMAP_QUERY, which older headers do not have */
#define QUERY_MAP _IOC(_IOC_READ | _IOC_WRITE, 'f', 17, 104)
#define CANNOT "fork: the child cannot let go of device fake0: "

/* What has become of the device in the child */
enum { KEPT, REPLACED, GONE };

static const struct row {
	const char *name;
	struct refused calls[3];
	int descriptor, queue;
	const char *says;
} rows[] = {
	{ "nothing", .descriptor = REPLACED, .queue = REPLACED },
	{ "PROCMAP_QUERY", { { SYS_ioctl, 2, QUERY_MAP, EPERM } },
	  .descriptor = REPLACED, .queue = REPLACED },
	{ "mmap", { { SYS_mmap, 4, FIXED, ENOMEM } },
	  .descriptor = REPLACED, .queue = GONE },
	{ "mmap and munmap",
	  { { SYS_mmap, 4, FIXED, ENOMEM }, { SYS_munmap, .error = ENOMEM } },
	  .descriptor = REPLACED, .queue = KEPT,
	  CANNOT "Cannot allocate memory" },
	{ "dup3", { { SYS_dup3, .error = EPERM } },
	  .descriptor = GONE, .queue = REPLACED },
	{ "dup3 and close",
	  { { SYS_dup3, .error = EPERM }, { SYS_close, .error = EIO } },
	  .descriptor = KEPT, .queue = REPLACED,
	  CANNOT "Input/output error" },
};

static const struct row *row;
static char *queue;

static int descriptor_is(void)
{
	struct stat st;

	if (fstat(stack_device.context.cmd_fd, &st))
		return GONE;
	return st.st_ino == stack_device.ino ? KEPT : REPLACED;
}

static int queue_is(void)
{
	if (msync(queue, page_size(), MS_ASYNC))
		return GONE;
	return queue[0] == 'x' ? KEPT : REPLACED;
}

static int look(void)
{
	const char *log = stack_log();

	if (descriptor_is() != row->descriptor)
		return 20 + descriptor_is();
	if (queue_is() != row->queue)
		return 30 + queue_is();
	if (row->says ? !strstr(log, row->says) : !!strstr(log, CANNOT)) {
		print_error("%s: %s\n", row->name, log);
		return 40;
	}
	return 0;
}

/* With a guarded memory region and a queue of the device that is mapped */
static int be_parent(void)
{
	int fd = stack_device.context.cmd_fd, status;
	size_t i;
	pid_t pid;

	if (!stack_reg(&stack_device, 0, STACK_PAGES) ||
	    ftruncate(fd, page_size()))
		return 1;
	queue = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     0);
	if (queue == MAP_FAILED)
		return 2;
	queue[0] = 'x';
	for (i = 0; i < N_OF(row->calls) && row->calls[i].error; i++)
		if (refuse(&row->calls[i]))
			return 77;
	pid = fork();
	if (!pid)
		_exit(look());
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return 3;
	/* The parent is as it was. */
	if (descriptor_is() != KEPT || queue_is() != KEPT)
		return 4;
	return WEXITSTATUS(status);
}

/* A process for each: a filter stays. */
static void refused(void **state)
{
	row = *state;
	child_check(be_parent, fork);
}

int main(void)
{
	add_rows(rows, refused, stack_setup, stack_teardown);
	return run_cases();
}
