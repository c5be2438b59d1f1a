// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What a program may ask of a registration, and what is refused */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "hook/odp.h"
#include "lib/stack_api.h"

static struct pinsafe_reg_attr attr;

static int setup(void **state)
{
	stack_setup(state);
	attr = stack_attr(STACK_A);
	return 0;
}

#define OPTION_CASE(fn) CASE_WITH(fn, setup, stack_teardown)

static void handle(const struct pinsafe_event *event)
{
}

OPTION_CASE(nothing_set__as_ibv_reg_mr)
{
	struct ibv_mr *mr = stack_reg_attr(&attr);

	assert_ptr_equal(mr->addr, attr.addr);
	assert_int_equal(mr->length, attr.length);
	assert_int_equal(stack_stats().registered_layout, 1);
	assert_true(fake_lease_exists(STACK_A));
	stack_dereg_ok(mr);
}

OPTION_CASE(NULL__EINVAL)
{
	errno = 0;
	assert_null(pinsafe_reg_mr(NULL, &attr, sizeof(attr)));
	assert_int_equal(errno, EINVAL);
	errno = 0;
	assert_null(pinsafe_reg_mr(&stack_device.pd, NULL, sizeof(attr)));
	assert_int_equal(errno, EINVAL);
}

OPTION_CASE(unknown_bits__EINVAL)
{
	int bit;

	for (bit = 5; bit < 64; bit++) {
		attr.comp_mask = 1ull << bit;
		assert_int_equal(stack_reg_refused(&attr), EINVAL);
	}
	assert_record("");
}

OPTION_CASE(channel_and_handler__EINVAL)
{
	attr.channel = stack_channel();
	attr.handler = handle;
	assert_int_equal(stack_reg_refused(&attr), EINVAL);
	stack_channel_end(attr.channel);
}

OPTION_CASE(unknown_guard__EINVAL)
{
	attr.guard = PINSAFE_GUARD_NONE + 1;
	attr.comp_mask = PINSAFE_REG_GUARD;
	assert_int_equal(stack_reg_refused(&attr), EINVAL);
	/* Nobody said that it is set. */
	attr.comp_mask = 0;
	stack_dereg_ok(stack_reg_attr(&attr));
}

OPTION_CASE(context_not_hooked__EOPNOTSUPP)
{
	struct ibv_context context = {.cmd_fd = -1};
	struct ibv_pd pd = {.context = &context};

	errno = 0;
	assert_null(pinsafe_reg_mr(&pd, &attr, sizeof(attr)));
	assert_int_equal(errno, EOPNOTSUPP);
}

OPTION_CASE(older_program__rest_is_0)
{
	const size_t smallest = offsetof(struct pinsafe_reg_attr, guard);
	struct ibv_mr *mr;
	size_t size;

	memset((char *)&attr + smallest, 0x5a, sizeof(attr) - smallest);
	for (size = 0; size < smallest; size++) {
		errno = 0;
		assert_null(pinsafe_reg_mr(&stack_device.pd, &attr, size));
		assert_int_equal(errno, EINVAL);
	}
	mr = pinsafe_reg_mr(&stack_device.pd, &attr, smallest);
	assert_non_null(mr);
	stack_dereg_ok(mr);
}

OPTION_CASE(newer_program__known_part_is_read)
{
	struct {
		struct pinsafe_reg_attr known;
		uint64_t more;
	} newer = {.known = attr, .more = ~0ull};
	struct ibv_mr *mr;

	mr = pinsafe_reg_mr(&stack_device.pd, &newer.known, sizeof(newer));
	assert_non_null(mr);
	stack_dereg_ok(mr);
}

OPTION_CASE(guard_none__not_protected)
{
	struct ibv_mr *mr;

	attr.comp_mask = PINSAFE_REG_GUARD;
	attr.guard = PINSAFE_GUARD_NONE;
	mr = stack_reg_attr(&attr);
	assert_false(fake_lease_exists(STACK_A));
	assert_int_equal(stack_stats().unprotected, 1);
	assert_int_equal(stack_stats().registrations, 0);
	stack_dereg_ok(mr);
}

/* The file looks as if it were on persistent memory. */
OPTION_CASE(guard_lease__ordinary_lease)
{
	struct ibv_mr *mr;

	attr.comp_mask = PINSAFE_REG_GUARD;
	attr.guard = PINSAFE_GUARD_LEASE;
	mr = pinsafe_reg_mr(&stack_device.pd, &attr, sizeof(attr));
	if (!mr && errno == EOPNOTSUPP)
		SKIP_CASE("no ordinary leases on the file system of " DISK);
	assert_non_null(mr);
	assert_int_equal(stack_stats().registered_lease, 1);
	stack_break(STACK_A);
	stack_dereg_ok(mr);
}

OPTION_CASE(guard_layout_without_dax__EOPNOTSUPP)
{
	fake_statx_is_dax = false;
	attr.comp_mask = PINSAFE_REG_GUARD;
	attr.guard = PINSAFE_GUARD_LAYOUT;
	assert_int_equal(stack_reg_refused(&attr), EOPNOTSUPP);
	assert_non_null(strstr(stack_log(), "; install it"));
}

OPTION_CASE(guard_odp_without_it__EOPNOTSUPP)
{
	attr.comp_mask = PINSAFE_REG_GUARD;
	attr.guard = PINSAFE_GUARD_ODP;
	assert_int_equal(stack_reg_refused(&attr), EOPNOTSUPP);
	assert_int_equal(stack_stats().refused_unsupported, 1);
}

/* The next registration of this thread is a plain one again. */
OPTION_CASE(options__for_one_registration)
{
	struct ibv_mr *mr, *plain;

	attr.comp_mask = PINSAFE_REG_GUARD;
	attr.guard = PINSAFE_GUARD_NONE;
	mr = stack_reg_attr(&attr);
	plain = stack_reg_file(STACK_A);
	assert_true(fake_lease_exists(STACK_A));
	stack_dereg_ok(plain);
	stack_dereg_ok(mr);
	attr.guard = PINSAFE_GUARD_ODP;
	assert_int_equal(stack_reg_refused(&attr), EOPNOTSUPP);
	plain = stack_reg_file(STACK_A);
	assert_true(fake_lease_exists(STACK_A));
	stack_dereg_ok(plain);
}

/* Of another file, or of none: it is only a hint. */
OPTION_CASE(wrong_descriptor__right_lease)
{
	const int fds[] = {STACK_B->fd, STACK_A->fd, -1, 9999};
	struct ibv_mr *mr;
	size_t i;

	attr.comp_mask = PINSAFE_REG_FD;
	for (i = 0; i < N_OF(fds); i++) {
		attr.fd = fds[i];
		mr = stack_reg_attr(&attr);
		assert_true(fake_lease_exists(STACK_A));
		assert_false(fake_lease_exists(STACK_B));
		stack_dereg_ok(mr);
	}
}

OPTION_CASE(prefault_threads__blocks_are_there)
{
	struct ibv_mr *mr;
	size_t i;

	attr.comp_mask = PINSAFE_REG_PREFAULT_THREADS;
	attr.prefault_threads = 4;
	mr = stack_reg_attr(&attr);
	for (i = 0; i < STACK_PAGES; i++)
		assert_true(file_has_data(STACK_A, i));
	stack_dereg_ok(mr);
}

static struct {
	size_t done, total;
	unsigned int n_calls;
	int answer;
} progress;

static int note_progress(size_t done, size_t total, void *user_data)
{
	assert_ptr_equal(user_data, &progress);
	progress.done = done;
	progress.total = total;
	progress.n_calls++;
	return progress.answer;
}

static void want_progress(int answer)
{
	progress.n_calls = 0;
	progress.answer = answer;
	attr.progress = note_progress;
	attr.user_data = &progress;
}

OPTION_CASE(progress__told_when_all_is_there)
{
	struct ibv_mr *mr;

	want_progress(0);
	attr.addr = (char *)attr.addr + 10;
	attr.length -= 20;
	mr = stack_reg_attr(&attr);
	assert_in_range(progress.n_calls, 1, 100);
	assert_int_equal(progress.done, STACK_PAGES * page_size());
	assert_int_equal(progress.total, progress.done);
	stack_dereg_ok(mr);
}

OPTION_CASE(progress_restored__told_again)
{
	struct ibv_mr *mr, *restored;

	want_progress(0);
	mr = stack_reg_attr(&attr);
	stack_break(STACK_A);
	progress.n_calls = 0;
	assert_int_equal(pinsafe_mr_restore(mr, -1, 0, &restored), 0);
	assert_in_range(progress.n_calls, 1, 100);
	stack_dereg_ok(restored);
	stack_dereg_ok(mr);
}

OPTION_CASE(progress_not_wanted__ECANCELED_without_a_word)
{
	want_progress(1);
	assert_int_equal(stack_reg_refused(&attr), ECANCELED);
	assert_int_equal(progress.n_calls, 1);
	assert_int_equal(stack_stats().refusals, 0);
	assert_string_equal(stack_log(), "");
	assert_int_equal(fake_kernel_mr_count(), 0);
}

/* What was allocated for events is gone: the sanitizers look. */
OPTION_CASE(refused_with_a_channel__nothing_left)
{
	attr.channel = stack_channel();
	fake_fcntl.set_lease = ALWAYS(EACCES);
	assert_int_equal(stack_reg_refused(&attr), EACCES);
	stack_channel_end(attr.channel);
}
