// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A file system that keeps whoever asks it waiting, as one that is frozen does,
 * keeps the keeper from nothing that concerns other files.
 */
#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sys.h"
#include "lib/stack.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
/* What the file system of file a keeps waiting */
static enum { NOTHING, FAULTS, CLOSE } frozen;
static unsigned int n_waiting;

int __real_sys_madvise(void *addr, size_t length, int advice);
int __wrap_sys_madvise(void *addr, size_t length, int advice);
int __real_sys_close(int fd);
int __wrap_sys_close(int fd);

static void wait_for_thaw(int what)
{
	pthread_mutex_lock(&mutex);
	n_waiting += frozen == what;
	while (frozen == what)
		pthread_cond_wait(&changed, &mutex);
	pthread_mutex_unlock(&mutex);
}

int __wrap_sys_madvise(void *addr, size_t length, int advice)
{
	char *end = stack_addr + STACK_PAGES * page_size();

	if (advice == MADV_POPULATE_WRITE && (char *)addr >= stack_addr &&
	    (char *)addr < end)
		wait_for_thaw(FAULTS);
	return __real_sys_madvise(addr, length, advice);
}

/* The last one of an unlinked file has its blocks to free. */
int __wrap_sys_close(int fd)
{
	struct stat st;

	if (!fstat(fd, &st) && S_ISREG(st.st_mode) && !st.st_nlink)
		wait_for_thaw(CLOSE);
	return __real_sys_close(fd);
}

static void freeze(int what)
{
	pthread_mutex_lock(&mutex);
	frozen = what;
	n_waiting = 0;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

static bool somebody_waits(void *arg)
{
	bool waits;

	pthread_mutex_lock(&mutex);
	waits = n_waiting;
	pthread_mutex_unlock(&mutex);
	return waits;
}

STACK_CASE(redirty_blocks__other_file_is_answered)
{
	struct ibv_mr *a = stack_reg_file(STACK_A);
	struct ibv_mr *b = stack_reg_file(STACK_B);

	freeze(FAULTS);
	fake_break_begin(STACK_A);
	assert_true(wait_until(somebody_waits, NULL));
	record_clear();
	stack_break(STACK_B);
	assert_record("destroy 1, unlock b");
	/* What the device wrote is still to be made dirty. */
	assert_true(fake_lease_exists(STACK_A));
	freeze(NOTHING);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(a);
	stack_dereg_ok(b);
}

STACK_CASE(close_blocks__lease_is_released)
{
	struct ibv_mr *a = stack_reg_file(STACK_A);
	struct ibv_mr *b = stack_reg_file(STACK_B);

	file_unlink(STACK_A);
	file_close(STACK_A);
	freeze(CLOSE);
	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	assert_true(wait_until(somebody_waits, NULL));
	record_clear();
	stack_break(STACK_B);
	assert_record("destroy 1, unlock b");
	freeze(NOTHING);
	stack_dereg_ok(a);
	stack_dereg_ok(b);
}
