// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A child starts afresh: it has no lease and no device, what it inherits can be
 * deregistered and does not reach the kernel, and it can guard its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/stats.h"
#include "keeper.h"
#include "lib/child.h"
#include "lib/refused.h"
#include "lib/stack.h"
#include "track.h"

static struct ibv_mr *inherited;

static int setup(void **state)
{
	stack_setup(state);
	inherited = stack_reg_file(STACK_A);
	record_clear();
	return 0;
}

/* The parent is as it was: its lease can be broken. */
static int teardown(void **state)
{
	assert_int_equal(fake_kernel_mr_count(), 1);
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(inherited);
	return stack_teardown(state);
}

#define FORK_CASE(fn) CASE_WITH(fn, setup, teardown)

static int dereg_inherited(void)
{
	if (stack_dereg(inherited))
		return 1;
	/* The fake kernel is in this process: nothing may have reached it. */
	if (fake_kernel_mr_count() != 1)
		return 2;
	if (strcmp(record_text(), "dereg_mr"))
		return 3;
	return 0;
}

FORK_CASE(inherited_mr__dereg_succeeds)
{
	child_check(dereg_inherited, fork);
}

FORK_CASE(inherited_mr__dereg_succeeds_unseen_fork)
{
	CHILD_NOT_UNDER_TSAN();
	child_check(dereg_inherited, _Fork);
}

static int look_at_stats(void)
{
	struct pinsafe_stats now;

	pinsafe_get_stats(&now, sizeof(now));
	if (now.leases || now.guarded_mrs)
		return 1;
	if (now.registrations || now.breaks || now.last_revoke_ns)
		return 2;
	return 0;
}

FORK_CASE(counters__start_at_0)
{
	child_check(look_at_stats, fork);
}

static pthread_barrier_t step;

static int wait_for_fork(void *arg)
{
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	return 0;
}

static void *give_to_keeper(void *arg)
{
	SECTION(section);

	return (void *)(intptr_t)keeper_call_with(
		stack_device.context.cmd_fd, wait_for_fork, NULL, NULL);
}

/* Its number would be that of another one there, and be closed. */
FORK_CASE(descriptor_on_its_way_to_the_keeper__not_there)
{
	pthread_t thread;
	int status = -1;
	pid_t pid;
	void *r;

	pthread_barrier_init(&step, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, give_to_keeper, NULL), 0);
	pthread_barrier_wait(&step);
	pid = fork();
	if (!pid)
		_exit(keeper_take() >= 0);
	(void)waitpid(pid, &status, 0);
	pthread_barrier_wait(&step);
	pthread_join(thread, &r);
	assert_null(r);
	assert_int_equal(status, 0);
}

static int look_for_written(void)
{
	return track_may_be_written(0, UINTPTR_MAX) ||
	       track_may_be_written_file(STACK_A->dev, STACK_A->ino);
}

/* So that its fsync is as without us */
FORK_CASE(devices__write_to_nothing_of_it)
{
	assert_true(look_for_written());
	child_check(look_for_written, fork);
	assert_true(look_for_written());
}

static int look_at_device(void)
{
	struct stat st, null;

	if (fstat(stack_device.context.cmd_fd, &st) || stat("/dev/null", &null))
		return 1;
	return st.st_rdev == null.st_rdev ? 0 : 2;
}

FORK_CASE(device__replaced_by_dev_null)
{
	child_check(look_at_device, fork);
}

static char *queue;

static int look_at_queue(void)
{
	/* Not a fault, and nothing of the device */
	if (queue[0] != 0)
		return 1;
	queue[0] = 1;
	return 0;
}

/* A mapped queue would keep the device open, too. */
FORK_CASE(mapped_queue__anonymous_now)
{
	int fd = stack_device.context.cmd_fd;

	assert_int_equal(ftruncate(fd, page_size()), 0);
	queue = mmap(NULL, page_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
		     0);
	assert_ptr_not_equal(queue, MAP_FAILED);
	queue[0] = 'x';
	child_check(look_at_queue, fork);
	assert_int_equal(queue[0], 'x');
	munmap(queue, page_size());
}

static struct device other;

static int look_at_other_device(void)
{
	struct stat st;

	return fstat(other.context.cmd_fd, &st) || st.st_ino != other.ino;
}

FORK_CASE(device_without_guarded_mrs__kept)
{
	stack_open(&other, -1);
	child_check(look_at_other_device, fork);
	stack_close(&other);
}

static int register_anew(void)
{
	struct ibv_mr *mr;

	/* In the fake kernel, which is a copy, the file has no lease here. */
	fake_fcntl_files(stack_files, STACK_FILES);
	stack_open(&other, -1);
	mr = stack_reg(&other, 0, 1);
	if (!mr)
		return 1;
	if (!fake_lease_exists(STACK_A))
		return 2;
	fake_break_begin(STACK_A);
	if (!fake_break_wait(STACK_A))
		return 3;
	fake_break_end(STACK_A);
	if (stack_dereg(mr))
		return 4;
	if (fake_kernel_mr.n_strangers || fake_kernel_mr_count() != 1)
		return 5;
	return 0;
}

FORK_CASE(registration__works)
{
	CHILD_NOT_UNDER_TSAN();
	child_check(register_anew, fork);
}

FORK_CASE(registration__works_unseen_fork)
{
	CHILD_NOT_UNDER_TSAN();
	child_check(register_anew, _Fork);
}

static int has_descriptor_of_lease(void)
{
	struct stat st;
	int fd, n = 0;

	for (fd = 0; fd < 256; fd++)
		if (!fstat(fd, &st) && st.st_dev == STACK_A->dev &&
		    st.st_ino == STACK_A->ino)
			n++;
	/* The program's own */
	return n == 1 ? 0 : 1 + n;
}

FORK_CASE(lease__not_inherited)
{
	child_check(has_descriptor_of_lease, fork);
}

static int fork_again(void)
{
	int status;
	pid_t pid = fork();

	if (!pid)
		_exit(dereg_inherited());
	if (waitpid(pid, &status, 0) != pid || status)
		return 10;
	return dereg_inherited();
}

FORK_CASE(grandchild__the_same)
{
	child_check(fork_again, fork);
}

static const struct refused wipe = { SYS_madvise, 3, MADV_WIPEONFORK, EINVAL };

/* "unmarked": the kernel does not mark that it is a child */
int main(int argc, char **argv)
{
	if (argc > 1 && refuse(&wipe))
		return 77;
	return run_cases();
}
