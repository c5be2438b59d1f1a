// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What threads of the program call fits on the smallest stack that pthreads allow,
 * as user-level threads have them too, where nothing would tell of an overflow.
 */
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/ordinary.h"
#include "preload/private.h"
#include "watch.h"

static int setup(void **state)
{
	watch_enable();
	return ordinary_setup(state);
}

#define STACK_SIZE_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

/* With nothing below it, so that it ends this program if that is not enough */
static void *on_small_stack(void *(*fn)(void *arg), void *arg)
{
	size_t size = sysconf(_SC_THREAD_STACK_MIN);
	size_t all = (size + 2 * page_size() - 1) & ~(page_size() - 1);
	char *stack = mmap(NULL, all, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	pthread_t thread;
	void *answer;

	assert_ptr_not_equal(stack, MAP_FAILED);
	assert_int_equal(mprotect(stack, page_size(), PROT_NONE), 0);
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstack(&attr, stack + all - size, size),
			 0);
	assert_int_equal(pthread_create(&thread, &attr, fn, arg), 0);
	assert_int_equal(pthread_join(thread, &answer), 0);
	pthread_attr_destroy(&attr);
	munmap(stack, all);
	return answer;
}

#define PAINT 0x5a

/* How many bytes of its stack a thread has used at the end of @fn */
static size_t used_by(void *(*fn)(void *arg))
{
	size_t size = 128 << 10, n = 0;
	unsigned char *stack = mmap(NULL, size, PROT_READ | PROT_WRITE,
				    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	pthread_attr_t attr;
	pthread_t thread;

	assert_ptr_not_equal(stack, MAP_FAILED);
	memset(stack, PAINT, size);
	assert_int_equal(pthread_attr_init(&attr), 0);
	assert_int_equal(pthread_attr_setstack(&attr, stack, size), 0);
	assert_int_equal(pthread_create(&thread, &attr, fn, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	pthread_attr_destroy(&attr);
	while (stack[n] == PAINT)
		n++;
	munmap(stack, size);
	return size - n;
}

static void *do_nothing(void *arg)
{
	return NULL;
}

static void *reg(void *arg)
{
	return stack_reg(&stack_device, 0, STACK_PAGES);
}

static void *dereg(void *mr)
{
	return stack_dereg(mr) ? mr : NULL;
}

static void *sync_file(void *arg)
{
	pinsafe_private_sync_file(STACK_A->fd, false);
	return NULL;
}

static void *sync_range(void *arg)
{
	pinsafe_private_sync_range(stack_addr, page_size());
	return NULL;
}

static void *remove_page(void *arg)
{
	return pinsafe_private_removal_mapped(stack_addr, page_size(), madvise) ?
		       stack_addr :
		       NULL;
}

static void *keep(void *arg)
{
	pinsafe_private_mapped(stack_addr, page_size(), STACK_A->fd);
	return NULL;
}

STACK_SIZE_CASE(registration__fits)
{
	struct ibv_mr *mr = on_small_stack(reg, NULL);

	assert_non_null(mr);
	assert_null(on_small_stack(dereg, mr));
}

/* What is recalled, and what only the descriptor leads to */
STACK_SIZE_CASE(registration_of_unlinked_file__fits)
{
	struct ibv_mr *first, *second;

	file_unlink(STACK_A);
	first = on_small_stack(reg, NULL);
	assert_non_null(first);
	second = on_small_stack(reg, NULL);
	assert_non_null(second);
	assert_null(on_small_stack(dereg, first));
	assert_null(on_small_stack(dereg, second));
}

STACK_SIZE_CASE(refusal__fits)
{
	fake_fcntl.set_lease = ALWAYS(EACCES);
	assert_null(on_small_stack(reg, NULL));
	assert_int_equal(stack_stats().refusals, 1);
}

STACK_SIZE_CASE(sync__fits)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	assert_null(on_small_stack(sync_file, NULL));
	assert_null(on_small_stack(sync_range, NULL));
	stack_dereg_ok(mr);
}

STACK_SIZE_CASE(removal__fits)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	(void)on_small_stack(remove_page, NULL);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

/* Also in a signal handler, on a stack of 8 KiB of which the frame is a part */
STACK_SIZE_CASE(removal__takes_little)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);
	size_t nothing = used_by(do_nothing);

	assert_in_range(used_by(remove_page) - nothing, 1, 4 << 10);
	assert_int_equal(stack_stats().revoked_mrs, 1);
	stack_dereg_ok(mr);
}

STACK_SIZE_CASE(mapping__fits)
{
	assert_null(on_small_stack(keep, NULL));
}

int main(void)
{
	return ordinary_run();
}
