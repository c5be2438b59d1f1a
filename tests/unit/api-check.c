// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* pinsafe_check(): says what a registration would do, and leaves no trace */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/stack_api.h"

static struct pinsafe_reg_attr attr;
static struct pinsafe_stats before;
static struct pinsafe_check_result result;

static int setup(void **state)
{
	stack_setup(state);
	attr = stack_attr(STACK_A);
	before = stack_stats();
	memset(&result, 0x5a, sizeof(result));
	return 0;
}

static int check(void)
{
	return pinsafe_check(&stack_device.pd, attr.addr, attr.length,
			     attr.access, &result, sizeof(result));
}

/* Nothing logged, nothing counted, nothing held */
static int teardown(void **state)
{
	struct pinsafe_stats after = stack_stats();

	assert_memory_equal(&before, &after, sizeof(before));
	assert_string_equal(stack_log(), "");
	return stack_teardown(state);
}

#define CHECK_CASE(fn) CASE_WITH(fn, setup, teardown)

CHECK_CASE(would_succeed__guard)
{
	assert_int_equal(check(), 0);
	assert_int_equal(result.comp_mask, 0);
	assert_int_equal(result.error, 0);
	assert_int_equal(result.guard, PINSAFE_GUARD_LAYOUT);
	assert_string_equal(result.reason, "");
	assert_record(
		"signal a, owner a, lease a, reg_mr, dereg_mr, destroy 0, unlock a");
}

CHECK_CASE(anonymous__UNNEEDED)
{
	attr.addr = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	attr.length = page_size();
	assert_int_equal(check(), 0);
	assert_int_equal(result.error, 0);
	assert_int_equal(result.guard, PINSAFE_GUARD_UNNEEDED);
	assert_string_equal(result.reason, "");
	munmap(attr.addr, page_size());
}

/* The program's own wish, so nothing is pinned and no guard needed */
CHECK_CASE(on_demand__ODP)
{
	attr.access |= IBV_ACCESS_ON_DEMAND;
	assert_int_equal(check(), 0);
	assert_int_equal(result.error, 0);
	assert_int_equal(result.guard, PINSAFE_GUARD_ODP);
}

CHECK_CASE(would_be_refused__error_and_reason)
{
	fake_fcntl.set_lease = ALWAYS(EACCES);
	fake_open_file("/proc/thread-self/status", "Uid:\t0\t0\t0\t4242\n");
	assert_int_equal(check(), 0);
	assert_int_equal(result.error, EACCES);
	assert_non_null(strstr(result.reason, STACK_A->path));
	assert_non_null(strstr(result.reason, "CAP_LEASE"));
}

CHECK_CASE(memory_window__error_and_reason)
{
	attr.access |= IBV_ACCESS_MW_BIND;
	assert_int_equal(check(), 0);
	assert_int_equal(result.error, EOPNOTSUPP);
	assert_non_null(strstr(result.reason, "IBV_ACCESS_MW_BIND"));
}

/* Not explained by anybody but errno */
CHECK_CASE(driver_refuses_anonymous__reason)
{
	attr.addr = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	attr.length = page_size();
	fake_provider.reg_mr = ALWAYS(ENOMEM);
	assert_int_equal(check(), 0);
	assert_int_equal(result.error, ENOMEM);
	assert_string_equal(result.reason, strerror(ENOMEM));
	munmap(attr.addr, page_size());
}

CHECK_CASE(beyond_the_end_of_file__EFAULT)
{
	assert_int_equal(ftruncate(STACK_A->fd, page_size()), 0);
	assert_int_equal(check(), 0);
	assert_int_equal(result.error, EFAULT);
	assert_non_null(strstr(result.reason, "end of the file"));
}

/* A registration would wait for the breaker. */
CHECK_CASE(being_broken__EAGAIN_at_once)
{
	fake_break_begin(STACK_A);
	assert_int_equal(check(), 0);
	assert_int_equal(result.error, EAGAIN);
	assert_string_not_equal(result.reason, "");
	fake_break_end(STACK_A);
}

CHECK_CASE(registered_already__lease_is_shared)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);

	assert_int_equal(check(), 0);
	assert_int_equal(result.guard, PINSAFE_GUARD_LAYOUT);
	assert_true(fake_lease_exists(STACK_A));
	stack_dereg_ok(mr);
	before.registrations++;
	before.registered_layout++;
}

CHECK_CASE(wrong_arguments__EINVAL)
{
	struct pinsafe_check_result untouched = result;
	struct ibv_pd *pd = &stack_device.pd;
	size_t size;

	assert_int_equal(
		pinsafe_check(NULL, attr.addr, 1, 0, &result, sizeof(result)),
		EINVAL);
	assert_int_equal(
		pinsafe_check(pd, attr.addr, 1, 0, NULL, sizeof(result)),
		EINVAL);
	for (size = 0; size < sizeof(result.comp_mask); size++)
		assert_int_equal(
			pinsafe_check(pd, attr.addr, 1, 0, &result, size),
			EINVAL);
	assert_memory_equal(&result, &untouched, sizeof(result));
}

CHECK_CASE(not_hooked__EOPNOTSUPP)
{
	struct ibv_context context = {.cmd_fd = -1};
	struct ibv_pd pd = {.context = &context};

	assert_int_equal(pinsafe_check(&pd, attr.addr, attr.length, 0, &result,
				       sizeof(result)),
			 EOPNOTSUPP);
}

CHECK_CASE(older_program__only_what_it_knows)
{
	size_t size = offsetof(struct pinsafe_check_result, reason);

	assert_int_equal(pinsafe_check(&stack_device.pd, attr.addr, attr.length,
				       attr.access, &result, size),
			 0);
	assert_int_equal(result.guard, PINSAFE_GUARD_LAYOUT);
	assert_int_equal(result.reason[0], 0x5a);
}

CHECK_CASE(query_device__what_is_there)
{
	struct {
		struct pinsafe_device_attr known;
		uint64_t more;
	} got;
	struct ibv_context other = {.cmd_fd = -1};

	memset(&got, 0x5a, sizeof(got));
	assert_int_equal(pinsafe_query_device(&stack_device.context, &got.known,
					      sizeof(got)),
			 0);
	assert_int_equal(got.known.comp_mask, 0);
	assert_int_equal(got.known.is_hooked, 1);
	assert_int_equal(
		got.known.guards & PINSAFE_GUARD_BIT(PINSAFE_GUARD_ODP), 0);
	assert_int_equal(got.more, 0);
	assert_int_equal(
		pinsafe_query_device(&other, &got.known, sizeof(got.known)), 0);
	assert_int_equal(got.known.is_hooked, 0);
	assert_int_equal(pinsafe_query_device(NULL, &got.known, sizeof(got)),
			 EINVAL);
	assert_int_equal(pinsafe_query_device(&other, NULL, sizeof(got)),
			 EINVAL);
	assert_int_equal(pinsafe_query_device(&other, &got.known, 7), EINVAL);
}

static uint32_t guards(void)
{
	struct pinsafe_device_attr device;

	assert_int_equal(pinsafe_query_device(&stack_device.context, &device,
					      sizeof(device)),
			 0);
	return device.guards;
}

/* Nothing is promised that was not seen. */
CHECK_CASE(query_device__leases_off_or_unknown)
{
	fake_open_file("/proc/sys/fs/leases-enable", "1\n");
	assert_true(guards() & PINSAFE_GUARD_BIT(PINSAFE_GUARD_LEASE));
	fake_open_file("/proc/sys/fs/leases-enable", "0\n");
	assert_int_equal(guards(), 0);
	fake_open_fails("/proc/sys/fs/leases-enable", EMFILE);
	assert_int_equal(guards(), 0);
}
