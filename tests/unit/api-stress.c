// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Threads register, move, deregister, release, restore and sync at random, some
 * with an event channel, some with a handler and some with a time of grace,
 * while the files are broken again and again.  Whenever a lease goes no memory
 * region is over its file, and in the end nothing is left.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/stack_api.h"
#include "lib/stress.h"
#include "preload/private.h"
#include "verbs_wrap.h"

#define N_GETTERS 2

static struct pinsafe_event_channel *channel;
static unsigned int n_events, n_handled, n_restored, n_moved, is_over;
static char *anonymous; /* a page */

static void count(unsigned int *counter)
{
	__atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
}

static unsigned int get(const unsigned int *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static void handle(const struct pinsafe_event *event)
{
	if (event->path[0] == '/')
		count(&n_handled);
}

static struct ibv_mr *reg(unsigned int *seed)
{
	const size_t pages = STACK_FILES * STACK_PAGES;
	size_t first = rand_r(seed) % pages;
	struct pinsafe_reg_attr attr = {
		.comp_mask = PINSAFE_REG_GRACE | PINSAFE_REG_PREFAULT_THREADS,
		.addr = stack_addr + first * page_size(),
		.length = (1 + rand_r(seed) % (pages - first)) * page_size(),
		.access = IBV_ACCESS_LOCAL_WRITE,
		.grace_ms = rand_r(seed) % 3 ? 0 : 5,
		.prefault_threads = 1 + rand_r(seed) % 2,
	};

	switch (rand_r(seed) % 3) {
	case 0:
		attr.channel = channel;
		break;
	case 1:
		attr.handler = handle;
		break;
	}
	return pinsafe_reg_mr(&stack_device.pd, &attr, sizeof(attr));
}

/* In place of one that is revoked; the old one goes. */
static const char *restore(struct ibv_mr **mr, unsigned int *seed)
{
	struct ibv_mr *new_mr;
	int r;

	r = pinsafe_mr_restore(*mr, rand_r(seed) % 2 ? -1 : 0, 0, &new_mr);
	if (r == EINVAL || r == EAGAIN)
		return NULL;
	if (r)
		return strerrorname_np(r);
	count(&n_restored);
	if (stack_dereg(*mr))
		return "dereg of a restored one";
	*mr = new_mr;
	return NULL;
}

/* Now and then it fails; whether it was moved then is nobody's to know. */
static int cmd_rereg_mr(struct ibv_mr *mr, int flags, void *addr, size_t length)
{
	static unsigned int n;
	unsigned int kind = __atomic_fetch_add(&n, 1, __ATOMIC_SEQ_CST) % 16;

	if (kind != 1)
		(void)fake_cmd_rereg_mr(mr, flags, addr, length);
	return kind < 2 ? ENOMEM : 0;
}

/* Or changed in place; it may be revoked by now, and then it is refused. */
static const char *move(struct ibv_mr *mr, unsigned int *seed)
{
	const size_t pages = STACK_FILES * STACK_PAGES;
	size_t first = rand_r(seed) % pages;
	size_t length = (1 + rand_r(seed) % (pages - first)) * page_size();
	char *addr = stack_addr + first * page_size();
	int flags = 1 + rand_r(seed) % 7, r;

	if (rand_r(seed) % 4 == 0) {
		addr = anonymous;
		length = page_size();
	}
	r = verbs_wrap_ops.rereg_mr(mr, flags, &stack_device.pd, addr, length,
				    IBV_ACCESS_LOCAL_WRITE);
	if (r == IBV_REREG_MR_ERR_INPUT && errno != EOPNOTSUPP)
		return strerrorname_np(errno);
	if (!r && flags & IBV_REREG_MR_CHANGE_TRANSLATION) {
		mr->addr = addr;
		mr->length = length;
		count(&n_moved);
	}
	return NULL;
}

static const char *release(struct ibv_mr *mr)
{
	int r = pinsafe_release(mr);

	/* EINVAL: it is over anonymous memory now. */
	return r && r != EINVAL ? strerrorname_np(r) : NULL;
}

static const char *sync_range(struct ibv_mr *mr)
{
	int r;

	pinsafe_private_sync_range(stack_addr,
				   STACK_FILES * STACK_PAGES * page_size());
	r = pinsafe_sync(mr, 0, page_size(), 0);

	return r && r != EINVAL ? strerrorname_np(r) : NULL;
}

static const char *dereg(struct ibv_mr **mr)
{
	int r = stack_dereg(*mr);

	*mr = NULL;
	return r ? "dereg" : NULL;
}

static const char *operate(struct ibv_mr **mr, unsigned int *seed)
{
	if (!*mr) {
		*mr = reg(seed);
		return *mr ? NULL : strerrorname_np(errno);
	}
	switch (rand_r(seed) % 8) {
	case 0:
		return sync_range(*mr);
	case 1:
		return release(*mr);
	case 2:
	case 3:
		return restore(mr, seed);
	case 4:
	case 5:
		return move(*mr, seed);
	default:
		return dereg(mr);
	}
}

/* The descriptor does not block: another thread may have been faster. */
static void *get_events(void *arg)
{
	struct pinsafe_event *event;

	while (!get(&is_over)) {
		(void)stack_has_event(channel, 10);
		if (pinsafe_get_event(channel, &event))
			continue;
		if (event->path[0] == '/')
			count(&n_events);
		pinsafe_ack_event(event);
	}
	return NULL;
}

STACK_CASE(sixteen_threads__nothing_is_left)
{
	static const struct stress stress = {
		.n_workers = 12,
		.n_operations = 250,
		.n_breaks = 40,
		.operate = operate,
		.dereg = stack_dereg,
	};
	pthread_t getters[N_GETTERS];
	size_t i;

	anonymous = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_true(anonymous != MAP_FAILED);
	fake_provider.cmd_rereg_mr = cmd_rereg_mr;
	channel = stack_channel();
	assert_int_equal(
		fcntl(pinsafe_event_channel_fd(channel), F_SETFL, O_NONBLOCK),
		0);
	for (i = 0; i < N_GETTERS; i++)
		assert_int_equal(
			pthread_create(&getters[i], NULL, get_events, NULL), 0);
	stress_run(&stress);
	count(&is_over);
	for (i = 0; i < N_GETTERS; i++)
		pthread_join(getters[i], NULL);
	stack_channel_end(channel);
	munmap(anonymous, page_size());

	assert_true(get(&n_events) > 0 && get(&n_handled) > 0);
	assert_true(get(&n_restored) > 0 && get(&n_moved) > 0);
	print_message(
		"%u events, %u handled, %u restored, %u moved, %d revoked\n",
		get(&n_events), get(&n_handled), get(&n_restored),
		get(&n_moved), (int)stack_stats().revoked_mrs);
}
