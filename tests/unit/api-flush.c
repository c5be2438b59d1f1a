// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * pinsafe_sync() with a libpmem: it flushes what it knows as persistent memory,
 * and the file system writes back the rest.
 *
 *   api-flush [partial]
 *
 * partial: a function is missing in the libpmem that LD_LIBRARY_PATH leads to.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/pmem.h"
#include "lib/stack_api.h"

int __real_msync(void *addr, size_t length, int flags);
int __wrap_msync(void *addr, size_t length, int flags);

static struct pmem_call synced;

int __wrap_msync(void *addr, size_t length, int flags)
{
	synced.n++;
	synced.addr = addr;
	synced.length = length;
	return __real_msync(addr, length, flags);
}

static struct pmem_stub *stub;
static struct pinsafe_reg_attr attr;
static struct ibv_mr *mr;

static int setup(void **state)
{
	void *libpmem = dlopen("libpmem.so.1", RTLD_NOW);

	stub = libpmem ? dlsym(libpmem, "pmem_stub") : NULL;
	assert_non_null(stub);
	memset(stub, 0, sizeof(*stub));
	memset(&synced, 0, sizeof(synced));
	stub->is_pmem = 1;
	assert_int_equal(stack_setup(state), 0);
	attr = stack_attr(STACK_A);
	mr = stack_reg_attr(&attr);
	return 0;
}

static int teardown(void **state)
{
	unsetenv("PMEM_IS_PMEM_FORCE");
	stack_dereg_ok(mr);
	return stack_teardown(state);
}

#define FLUSH_CASE(fn) CASE_WITH(fn, setup, teardown)

static void assert_once(const struct pmem_call *call, size_t offset,
			size_t length)
{
	assert_int_equal(call->n, 1);
	assert_ptr_equal(call->addr, (char *)attr.addr + offset);
	assert_int_equal(call->length, length);
}

static void assert_written_back(void)
{
	/* Whole pages, by their start */
	assert_once(&synced, 0, page_size() + 7);
	assert_int_equal(stub->persisted.n, 0);
}

static void sync_some(void)
{
	assert_int_equal(pinsafe_sync(mr, 5, page_size() + 2, 0), 0);
}

FLUSH_CASE(persistent__flushed_once_and_not_written_back)
{
	sync_some();
	assert_once(&stub->asked, 5, page_size() + 2);
	assert_once(&stub->persisted, 5, page_size() + 2);
	assert_int_equal(synced.n, 0);
}

FLUSH_CASE(not_persistent__written_back)
{
	stub->is_pmem = 0;
	sync_some();
	assert_once(&stub->asked, 5, page_size() + 2);
	assert_written_back();
}

/* libpmem says yes to everything then. */
FLUSH_CASE(forced__written_back)
{
	setenv("PMEM_IS_PMEM_FORCE", "1", 1);
	sync_some();
	assert_int_equal(stub->asked.n, 0);
	assert_written_back();
}

FLUSH_CASE(function_is_missing__written_back)
{
	sync_some();
	assert_written_back();
}

FLUSH_CASE(revoked__not_flushed)
{
	stack_break(STACK_A);
	assert_int_equal(pinsafe_sync(mr, 0, 1, 0), EINVAL);
	assert_int_equal(stub->asked.n, 0);
	assert_int_equal(stub->persisted.n, 0);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		cmocka_set_test_filter("function_is_missing__*");
	else
		cmocka_set_skip_filter("function_is_missing__*");
	return run_cases();
}
