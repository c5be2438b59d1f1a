// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Why there is no keeper: one errno of pthread_create(3) has two causes */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "keeper.h"
#include "keeper_start.h"
#include "lib/test.h"

void *__real_mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset);

static int call_error, mmap_error;
static unsigned int n_calls;

int keeper_call(int (*fn)(void *arg), void *arg)
{
	n_calls++;
	return call_error ?: fn(arg);
}

void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset)
{
	errno = mmap_error;
	return mmap_error ? MAP_FAILED
			  : __real_mmap(addr, length, prot, flags, fd, offset);
}

static void fails(int error, int stack_error, enum cause_kind kind)
{
	struct cause cause = { 0 };

	call_error = error;
	mmap_error = stack_error;
	assert_int_equal(keeper_start(&cause), error);
	assert_int_equal(cause.kind, kind);
	if (kind == CAUSE_NO_STACK)
		assert_non_null(strstr(cause.detail, " KiB"));
	mmap_error = 0;
}

static void limit_of_threads(void **state)
{
	fails(EAGAIN, 0, CAUSE_NO_THREAD);
}

static void no_memory_for_a_stack(void **state)
{
	fails(EAGAIN, EAGAIN, CAUSE_NO_STACK);
	fails(EAGAIN, ENOMEM, CAUSE_NO_STACK);
}

static void a_system_call_is_not_there(void **state)
{
	fails(ENOSYS, 0, CAUSE_NO_KEEPER);
	fails(EPERM, 0, CAUSE_NO_KEEPER);
}

/* The last case: it is known from then on. */
static void there_is_one__not_asked_again(void **state)
{
	struct cause cause = { 0 };

	call_error = 0;
	assert_int_equal(keeper_start(&cause), 0);
	assert_int_equal(cause.kind, CAUSE_UNKNOWN);
	n_calls = 0;
	assert_int_equal(keeper_start(&cause), 0);
	assert_int_equal(n_calls, 0);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(limit_of_threads),
		CASE(no_memory_for_a_stack),
		CASE(a_system_call_is_not_there),
		CASE(there_is_one__not_asked_again),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
