// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A policy with grace_ms and on_break=hold: the program is told of each break,
 * and its memory region stays.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/stack_api.h"

static const char config[] = "[default]\non_break=hold\ngrace_ms=3000\n";

/*
 * The registration waits until the lease is held again.  What was known of the
 * file's blocks is not any more: one that is gone is allocated.
 */
static void end_break(void)
{
	struct ibv_mr *mr;

	assert_int_equal(fallocate(STACK_A->fd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   0, page_size()),
			 0);
	fake_break_end(STACK_A);
	mr = stack_reg_file(STACK_A);
	assert_true(file_has_data(STACK_A, 0));
	stack_dereg_ok(mr);
}

/* With no deadline: nothing happens at the end of the time of grace. */
STACK_CASE(hold__told_of_each_break)
{
	struct pinsafe_event_channel *channel = stack_channel();
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);
	struct pinsafe_event *event;
	struct ibv_mr *mr;
	int i;

	attr.channel = channel;
	mr = stack_reg_attr(&attr);
	for (i = 0; i < 2; i++) {
		fake_break_begin(STACK_A);
		event = stack_event(channel, PINSAFE_EVENT_BREAK, mr);
		assert_int_equal(event->deadline_ns, 0);
		pinsafe_ack_event(event);
		end_break();
		assert_false(stack_has_event(channel, 0));
	}
	assert_int_equal(stack_stats().breaks, 2);
	assert_int_equal(stack_stats().revoked_mrs, 0);
	assert_int_equal(stack_stats().lost_leases, 0);
	assert_int_equal(fake_kernel_mr_count(), 1);
	stack_dereg_ok(mr);
	stack_channel_end(channel);
}

/* The program may give it up all the same. */
STACK_CASE(hold_and_release__lease_goes)
{
	struct pinsafe_reg_attr attr = stack_attr(STACK_A);
	struct ibv_mr *mr = stack_reg_attr(&attr);

	fake_break_begin(STACK_A);
	stack_wait_for_breaks(1);
	assert_int_equal(pinsafe_release(mr), 0);
	assert_true(fake_break_wait(STACK_A));
	fake_break_end(STACK_A);
	stack_dereg_ok(mr);
}

static void make_config(struct file *file)
{
	file_make(file, DISK, 0);
	assert_int_equal(write(file->fd, config, strlen(config)),
			 strlen(config));
	setenv("PINSAFE_CONFIG", file->path, 1);
}

int main(void)
{
	struct file file;
	int r;

	make_config(&file);
	r = run_cases();
	file_put(&file);
	return r;
}
