// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Why there is no keeper: one errno of pthread_create(3) has two causes */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "keeper.h"
#include "lib/test.h"

void *__real_mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset);
void *__wrap_mmap(void *addr, size_t length, int prot, int flags, int fd,
		  off_t offset);

static int call_error, mmap_error;
/* Of its thread; NULL: there is none */
static const char *failed_call;
static unsigned int n_calls;

int keeper_run(struct cause *cause)
{
	n_calls++;
	if (failed_call)
		return cause_call(cause, failed_call, call_error);
	return call_error;
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

CASE(limit_of_threads)
{
	fails(EAGAIN, 0, CAUSE_NO_THREAD);
}

CASE(no_memory_for_a_stack)
{
	fails(EAGAIN, EAGAIN, CAUSE_NO_STACK);
	fails(EAGAIN, ENOMEM, CAUSE_NO_STACK);
}

CASE(a_system_call_is_not_there)
{
	fails(EPERM, 0, CAUSE_CALL);
	failed_call = "close_range(2)";
	fails(ENOSYS, 0, CAUSE_CALL);
	/* The same errno as for no thread */
	fails(ENOMEM, 0, CAUSE_CALL);
	failed_call = NULL;
}

/* The last case: it is known from then on. */
CASE(there_is_one__not_asked_again)
{
	struct cause cause = { 0 };

	call_error = 0;
	assert_int_equal(keeper_start(&cause), 0);
	assert_int_equal(cause.kind, CAUSE_UNKNOWN);
	n_calls = 0;
	assert_int_equal(keeper_start(&cause), 0);
	assert_int_equal(n_calls, 0);
}
