// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The same of refusals that are about leases, descriptors and the keeper */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/sys.h"
#include "lib/refused.h"
#include "lib/ways.h"

#define NOBODY 65534 /* as files.c */

static void module(void)
{
	ways_page_cache(true);
}

/* Of the file that is mapped, which is unlinked */
static void unlinked_and_closed(void)
{
	if (chown(STACK_A->path, NOBODY, -1))
		_exit(0); /* not as this user */
	file_unlink(STACK_A);
	file_close(STACK_A);
	privileges_drop();
}

/* For the teardown */
static void linked(void)
{
	close(open(STACK_A->path, O_RDONLY | O_CREAT | O_CLOEXEC, 0600));
}

static void with_a_descriptor(void)
{
	char path[100];

	privileges_regain();
	snprintf(path, sizeof(path), "/proc/self/map_files/%lx-%lx",
		 (unsigned long)stack_addr,
		 (unsigned long)stack_addr + ways_ask.length);
	STACK_A->fd = open(path, O_RDWR | O_CLOEXEC);
	assert_true(STACK_A->fd >= 0);
	privileges_drop();
}

static const char *in_jail(const char *name)
{
	static char path[PATH_MAX + 16];

	snprintf(path, sizeof(path), "%s.jail%s", STACK_A->path, name);
	return path;
}

static void remove_jail(void)
{
	(void)rmdir(in_jail("/proc"));
	(void)rmdir(in_jail(""));
}

/* The keeper has the root of this thread. */
static void *begin_in_jail(void *arg)
{
	if (unshare(CLONE_FS))
		_exit(0); /* not as this user */
	stack_dereg_ok(stack_reg_file(STACK_B));
	if (chroot(in_jail("")) || chdir("/"))
		_exit(0);
	return NULL;
}

static void keeper_without_proc(void)
{
	pthread_t thread;

	if (getuid() || unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		_exit(0);
	assert_int_equal(mkdir(in_jail(""), 0755), 0);
	assert_int_equal(mkdir(in_jail("/proc"), 0755), 0);
	pthread_create(&thread, NULL, begin_in_jail, NULL);
	pthread_join(thread, NULL);
}

/* In a name space that ends with the process */
static void mount_proc(void)
{
	if (mount("proc", in_jail("/proc"), "proc", 0, NULL))
		_exit(0);
}

static void closed(void)
{
	ways_page_cache(false);
	file_close(STACK_A);
}

static void opened_and_mapped_anew(void)
{
	STACK_A->fd = open(STACK_A->path, O_RDWR | O_CLOEXEC);
	file_map(STACK_A, 0, STACK_PAGES, PROT_READ | PROT_WRITE, stack_addr);
	fake_fcntl_files(stack_files, STACK_FILES);
}

static void opened_without_it(void)
{
	closed();
	opened_and_mapped_anew();
}

static void not_readable(void)
{
	assert_int_equal(fchmod(STACK_A->fd, 0), 0);
	privileges_drop();
}

static void readable(void)
{
	privileges_regain();
	assert_int_equal(fchmod(STACK_A->fd, 0644), 0);
	privileges_drop();
}

static void own_lease(void)
{
	ways_page_cache(false);
	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETLEASE, F_WRLCK), 0);
}

static void given_up(void)
{
	assert_int_equal(sys_fcntl(STACK_A->fd, F_SETLEASE, F_UNLCK), 0);
}

static void direct(void)
{
	ways_page_cache(false);
	if (fcntl(STACK_A->fd, F_SETFL, O_DIRECT))
		_exit(0); /* not on this file system */
}

static void not_direct(void)
{
	assert_int_equal(fcntl(STACK_A->fd, F_SETFL, 0), 0);
}

static void open_elsewhere(void)
{
	ways_page_cache(false);
	fake_fcntl.n_readers = 1;
}

static void closed_there(void)
{
	fake_fcntl.n_readers = 0;
}

static void being_broken(void)
{
	fake_break_begin(STACK_A);
}

static void not_any_more(void)
{
	fake_break_end(STACK_A);
}

static void ignore(const struct pinsafe_event *event)
{
}

static pinsafe_break_handler *handler;

static struct ibv_mr *with_events(void)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);

	attr.handler = handler;
	attr.channel = handler ? NULL : stack_channel();
	return pinsafe_reg_mr(&stack_device.pd, &attr, sizeof(attr));
}

static void no_more_threads(void)
{
	static const struct refused call = { SYS_clone3, .error = EAGAIN };
	static const struct refused older = { SYS_clone, .error = EAGAIN };

	/* The keeper is there. */
	stack_dereg_ok(stack_reg_file(STACK_A));
	if (refuse(&call) || refuse(&older))
		_exit(0);
	handler = ignore;
	ways_ask.fn = with_events;
}

static void no_handler(void)
{
	handler = NULL;
}

static void limit_to(int resource, rlim_t soft)
{
	struct rlimit limit = { soft, RLIM_INFINITY };

	assert_int_equal(setrlimit(resource, &limit), 0);
}

/* To what the field @n of /proc/self/statm says, and 32 MiB */
static void limit_to_now(int resource, int n)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");

	while (n--)
		assert_int_equal(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	limit_to(resource, pages * page_size() + (32 << 20));
}

static void large_stacks(void)
{
	pthread_attr_t attr;

	/* What pthread_create(3) keeps of threads that have ended is no stack. */
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 64 << 20);
	assert_int_equal(pthread_setattr_default_np(&attr), 0);
}

static void no_room_for_a_stack(void)
{
	large_stacks();
	limit_to_now(RLIMIT_AS, 1);
}

static void no_data_for_a_stack(void)
{
	large_stacks();
	limit_to_now(RLIMIT_DATA, 6);
}

static void room_for_a_stack(void)
{
	limit_to(RLIMIT_AS, RLIM_INFINITY);
	limit_to(RLIMIT_DATA, RLIM_INFINITY);
}

/* As ulimit(1) has it from the start of a program */
static void small_stacks(void)
{
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, 1 << 20);
	assert_int_equal(pthread_setattr_default_np(&attr), 0);
}

static int locked_fd;

/* All of the device's file, by another open file */
static void locked_device(void)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d",
		 stack_device.context.cmd_fd);
	locked_fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(fcntl(locked_fd, F_OFD_SETLK, &lock), 0);
	/* Not tried again and again for so long */
	setenv("PINSAFE_RETAKE_MS", "2147483647", 1);
}

static void unlocked_device(void)
{
	close(locked_fd);
}

static const struct way rows[] = {
	ROW(WAY("keep a descriptor of the file open"), unlinked_and_closed,
	  with_a_descriptor, .after = linked),
	ROW(WAY("mount /proc there"), keeper_without_proc, mount_proc,
	  .after = remove_jail),
	ROW(WAY("register first in a thread that has it"), keeper_without_proc,
	  NULL, .is_anew = true, .after = remove_jail),
	ROW(WAY("keep a descriptor of the file open"), closed,
	  opened_and_mapped_anew),
	ROW(WAY("give the program permission to read it"), not_readable,
	  readable),
	ROW(WAY("give it up"), own_lease, given_up),
	ROW(WAY("open the file without it"), direct, opened_without_it),
	ROW(WAY("turn it off by fcntl(2) with F_SETFL before registering"),
	  direct, not_direct),
	ROW(WAY("try again when it is closed"), open_elsewhere, closed_there),
	ROW(WAY("or load the module layout_lease (kernel/module/README.md of pinsafe), which gives such files layout leases, whoever has them open"),
	  open_elsewhere, module),
	ROW(WAY("try again"), being_broken, not_any_more),
	ROW(WAY("use a channel and no handler"), no_more_threads, no_handler),
	ROW(WAY("raise RLIMIT_AS (ulimit -v)"), no_room_for_a_stack,
	  room_for_a_stack),
	ROW(WAY("raise RLIMIT_DATA (ulimit -d)"), no_data_for_a_stack,
	  room_for_a_stack),
	ROW(WAY("lower the size of stacks (ulimit -s)"), no_room_for_a_stack,
	  small_stacks),
	ROW(WAY("have it unlocked"), locked_device, unlocked_device),
};

WAYS_MAIN(rows)
