// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The keeper keeps nothing of the thread that happens to make it: neither its
 * CPU nor its place in the scheduler, nor its table of descriptors; and it serves
 * others, though it stays in the network and mount name spaces of that thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/lock.h"
#include "base/sys.h"
#include "keeper.h"
#include "lib/stack.h"

#define NICE 5
#define TIMER_SLACK_NS 12345678

/* As in linux/ioprio.h, which older headers do not have */
#define IOPRIO_WHO_PROCESS 1
#define IOPRIO_CLASS (7 << 13)
#define IOPRIO_IDLE (3 << 13)

static cpu_set_t cpus_of_main;

/* Only for root.  The files of the test are out of sight of this thread then. */
static void leave_name_spaces(void)
{
	char *dir = strdup(STACK_A->path);

	*strrchr(dir, '/') = '\0';
	if (!unshare(CLONE_NEWNET | CLONE_NEWNS))
		assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE,
				       NULL) ||
					 mount("none", dir, "tmpfs", 0, NULL),
				 0);
	free(dir);
}

/* As threads that poll, or that work when there is nothing else to do */
/* Of the threads that are made from now on, or 0: as it is; what it was */
static size_t default_stack(size_t size)
{
	pthread_attr_t attr;
	size_t was;

	assert_int_equal(pthread_getattr_default_np(&attr), 0);
	assert_int_equal(pthread_attr_getstacksize(&attr, &was), 0);
	if (size) {
		assert_int_equal(pthread_attr_setstacksize(&attr, size), 0);
		assert_int_equal(pthread_setattr_default_np(&attr), 0);
	}
	pthread_attr_destroy(&attr);
	return was;
}

static void become_special(void)
{
	const struct sched_param param = { 0 };
	cpu_set_t one;
	int cpu = 0;

	while (!CPU_ISSET(cpu, &cpus_of_main))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	assert_int_equal(sched_setaffinity(0, sizeof(one), &one), 0);
	assert_int_equal(setpriority(PRIO_PROCESS, 0, NICE), 0);
	assert_int_equal(sched_setscheduler(0, SCHED_BATCH, &param), 0);
	assert_int_equal(prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS), 0);
	assert_int_equal(syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0,
				 IOPRIO_IDLE),
			 0);
	leave_name_spaces();
	default_stack(PTHREAD_STACK_MIN);
}

static void *register_main(void *arg)
{
	struct ibv_mr **mr = arg;

	size_t size = default_stack(0);

	become_special();
	*mr = stack_reg(&stack_device, 0, 1);
	default_stack(size);
	return NULL;
}

static bool needs(const char *what)
{
	if (geteuid() == 0)
		return true;
	print_message("%s: only root may go back\n", what);
	return false;
}

/* Must be the first to register in this process */
STACK_CASE(made_by_a_special_thread__is_as_the_main_thread)
{
	cpu_set_t cpus;
	struct ibv_mr *mr = NULL;
	pthread_t thread;
	int tid;

	assert_int_equal(sched_getaffinity(0, sizeof(cpus_of_main),
					   &cpus_of_main), 0);
	assert_int_equal(stack_keeper_tid(), 0);
	assert_int_equal(pthread_create(&thread, NULL, register_main, &mr), 0);
	pthread_join(thread, NULL);
	assert_non_null(mr);
	tid = stack_keeper_tid();
	assert_int_equal(sched_getaffinity(tid, sizeof(cpus), &cpus), 0);
	assert_true(CPU_EQUAL(&cpus, &cpus_of_main));
	assert_int_equal(sched_getscheduler(tid), SCHED_OTHER);
	/* Some kernels have here what follows from the nice value. */
	assert_int_not_equal(syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, tid) &
				     IOPRIO_CLASS,
			     IOPRIO_IDLE);
	if (needs("nice"))
		assert_int_equal(getpriority(PRIO_PROCESS, tid),
				 getpriority(PRIO_PROCESS, getpid()));
	stack_dereg_ok(mr);
}

static int timer_slack_of(int tid)
{
	char path[64];
	int slack = -1;
	FILE *file;

	/* Only there for the process */
	snprintf(path, sizeof(path), "/proc/%d/timerslack_ns", tid);
	file = fopen(path, "re");
	if (!file)
		return -1;
	if (fscanf(file, "%d", &slack) != 1)
		slack = -1;
	fclose(file);
	return slack;
}

STACK_CASE(timer_slack__the_default)
{
	int slack = timer_slack_of(stack_keeper_tid());

	if (slack < 0)
		SKIP_CASE("no timer slack of other threads: %s",
			  strerror(errno));
	assert_int_equal(slack, 50000);
}

static ino_t name_space_of(int tid, const char *kind)
{
	char path[64];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/task/%d/ns/%s", tid, kind);
	assert_int_equal(stat(path, &st), 0);
	return st.st_ino;
}

/*
 * As programs have it that serve many networks, or containers: descriptors get
 * there, and files are not looked for by their paths.
 * way out: or with CAP_SYS_ADMIN
 */
STACK_CASE(name_spaces_of_its_own__served)
{
	int tid = stack_keeper_tid();
	struct ibv_mr *mr;

	if (name_space_of(tid, "net") == name_space_of(getpid(), "net"))
		SKIP_CASE("only root may leave name spaces");
	assert_int_not_equal(name_space_of(tid, "mnt"),
			     name_space_of(getpid(), "mnt"));
	mr = stack_reg_file(STACK_A);
	assert_non_null(mr);
	stack_break(STACK_A);
	assert_int_equal(fake_kernel_mr_count(), 0);
	stack_dereg_ok(mr);
}

/* What worker and main share: barriers between their steps */
static pthread_barrier_t step;
static struct device worker_device;
static int worker_error;

static void *register_from_own_table(void *arg)
{
	struct ibv_mr **mr = arg;

	assert_int_equal(syscall(SYS_close_range, ~0u, ~0u,
				 CLOSE_RANGE_UNSHARE),
			 0);
	stack_open(&worker_device, -1);
	pthread_barrier_wait(&step);
	/* Here the main thread has another device under this number. */
	pthread_barrier_wait(&step);
	*mr = stack_reg(&worker_device, 0, STACK_PAGES);
	worker_error = errno;
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	if (*mr)
		stack_dereg_ok(*mr);
	stack_close(&worker_device);
	return NULL;
}

/*
 * As thread-per-core runtimes have it (apache/trafficserver#13086,
 * DataDog/glommio#16): what the keeper destroys is the memory region over the
 * file, and not that of the device which the main thread has there.
 */
STACK_CASE(table_of_its_own__the_right_device)
{
	struct ibv_mr *innocent, *mr = NULL;
	struct device main_device;
	pthread_t thread;

	pthread_barrier_init(&step, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, register_from_own_table,
					&mr),
			 0);
	pthread_barrier_wait(&step);
	stack_open(&main_device, worker_device.context.cmd_fd);
	innocent = stack_reg(&main_device, STACK_PAGES, STACK_PAGES);
	assert_non_null(innocent);
	pthread_barrier_wait(&step);
	pthread_barrier_wait(&step);
	if (!mr)
		fail_msg("refused with %d", worker_error);
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 1, unlock a");
	assert_int_equal(fake_kernel_mr_count(), 1);
	pthread_barrier_wait(&step);
	pthread_join(thread, NULL);
	stack_dereg_ok(innocent);
	stack_close(&main_device);
}

/* The same number of another table, once the keeper has the device */
static void *register_with_a_strange_number(void *arg)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	assert_int_equal(syscall(SYS_close_range, ~0u, ~0u,
				 CLOSE_RANGE_UNSHARE),
			 0);
	assert_int_equal(dup3(null, stack_device.context.cmd_fd, O_CLOEXEC),
			 stack_device.context.cmd_fd);
	*(struct ibv_mr **)arg = stack_reg(&stack_device, 0, 1);
	worker_error = errno;
	return NULL;
}

STACK_CASE(number_of_another_file__EBADF)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A), *other = NULL;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL,
					register_with_a_strange_number, &other),
			 0);
	pthread_join(thread, NULL);
	assert_null(other);
	assert_int_equal(worker_error, EBADF);
	assert_non_null(strstr(stack_log(), "this thread has another file"));
	stack_dereg_ok(mr);
}

static void *register_without_the_device(void *arg)
{
	assert_int_equal(syscall(SYS_close_range, stack_device.context.cmd_fd,
				 stack_device.context.cmd_fd,
				 CLOSE_RANGE_UNSHARE),
			 0);
	*(struct ibv_mr **)arg = stack_reg(&stack_device, 0, 1);
	worker_error = errno;
	return NULL;
}

/* It is the first to register; the main thread, which opened it, comes next. */
STACK_CASE(closed_in_another_table__main_is_served)
{
	struct ibv_mr *mr, *other = NULL;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL,
					register_without_the_device, &other),
			 0);
	pthread_join(thread, NULL);
	assert_null(other);
	assert_int_equal(worker_error, EBADF);
	mr = stack_reg_file(STACK_A);
	assert_non_null(mr);
	stack_break(STACK_A);
	assert_int_equal(fake_kernel_mr_count(), 0);
	stack_dereg_ok(mr);
}

static int look_at_given(void *arg)
{
	int fd = keeper_take();
	struct stat *st = arg;
	int r = sys_fstat(fd, st) || !(sys_fcntl(fd, F_GETFL, 0) & O_PATH);

	(void)sys_close(fd);
	return r;
}

static ino_t given_to_keeper(int fd)
{
	struct stat st = { 0 };
	SECTION(section);

	assert_int_equal(keeper_call_with_path(fd, look_at_given, &st, NULL),
			 0);
	return st.st_ino;
}

static void *give_from_own_table(void *arg)
{
	const int *fd = arg;
	char path[64];

	assert_int_equal(syscall(SYS_close_range, ~0u, ~0u,
				 CLOSE_RANGE_UNSHARE),
			 0);
	pthread_barrier_wait(&step);
	/* Here the main thread has another file under this number. */
	pthread_barrier_wait(&step);
	assert_int_equal(given_to_keeper(*fd), STACK_A->ino);
	/* As with /proc of another pid name space */
	snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%d", gettid(), *fd);
	fake_open_fails(path, ENOENT);
	assert_int_equal(given_to_keeper(*fd), STACK_A->ino);
	/* Where another thread has this one's number */
	fake_open_leads_to(path, "/");
	assert_int_equal(given_to_keeper(*fd), STACK_A->ino);
	return NULL;
}

STACK_CASE(table_of_its_own__the_right_file)
{
	int fd = open(STACK_A->path, O_PATH | O_CLOEXEC);
	int other = open(STACK_B->path, O_PATH | O_CLOEXEC);
	pthread_t thread;

	assert_true(fd >= 0 && other >= 0);
	pthread_barrier_init(&step, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, give_from_own_table, &fd),
			 0);
	pthread_barrier_wait(&step);
	assert_int_equal(dup3(other, fd, O_CLOEXEC), fd);
	pthread_barrier_wait(&step);
	pthread_join(thread, NULL);
	fake_open_reset();
	close(other);
	close(fd);
}

static bool has_failed(void *arg)
{
	return stack_stats().revoke_failures > 0;
}

/* Keys that are not those of the program's: it is another's memory region. */
STACK_CASE(other_keys__left_alone)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	fake_kernel_mr.has_others = true;
	fake_break_begin(STACK_A);
	stack_wait_for_breaks(1);
	assert_true(wait_until(has_failed, NULL));
	assert_int_equal(fake_kernel_mr_count(), 1);
	assert_true(fake_lease_exists(STACK_A));
	fake_kernel_mr.has_others = false;
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	stack_dereg_ok(mr);
}
