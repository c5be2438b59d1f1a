// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "keyed.h"
#include "verbs_wrap.h"

struct keyed keyed;
static char *memory;

void keyed_next(uint32_t lkey, uint32_t rkey)
{
	keyed.lkeys[keyed.n_keys] = lkey;
	keyed.rkeys[keyed.n_keys++] = rkey;
}

int keyed_reg_mr(struct ibv_mr *mr)
{
	int r;

	if (keyed.limit && keyed.n_alive == keyed.limit)
		return ENOMEM;
	r = fake_cmd_reg_mr(mr);
	if (r)
		return r;
	keyed.n_alive++;
	if (keyed.n_keys) {
		mr->lkey = keyed.lkeys[--keyed.n_keys];
		mr->rkey = keyed.rkeys[keyed.n_keys];
	} else {
		mr->lkey = mr->rkey = keyed.fresh_key++;
	}
	return 0;
}

int keyed_setup(void **state)
{
	memset(&keyed, 0, sizeof(keyed));
	keyed.fresh_key = 0x5000;
	memory = mmap(NULL, page_size(), PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(memory, MAP_FAILED);
	if (stack_setup(state))
		return -1;
	fake_provider.cmd_reg_mr = keyed_reg_mr;
	return 0;
}

int keyed_teardown(void **state)
{
	munmap(memory, page_size());
	return stack_teardown(state);
}

bool keyed_is(const struct ibv_mr *mr, uint32_t lkey)
{
	return mr && mr->lkey == lkey;
}

void keyed_revoke(uint32_t lkey, uint32_t rkey)
{
	struct ibv_mr *mr;

	keyed_next(lkey, rkey);
	mr = stack_reg_file(STACK_A);
	assert_int_equal(mr->lkey, lkey);
	stack_break(STACK_A);
	stack_dereg_ok(mr);
	keyed_next(lkey, rkey);
	record_clear();
}

struct ibv_mr *keyed_reg_anonymous(int access)
{
	return verbs_wrap_ops.reg_mr(&stack_device.pd, memory, page_size(),
				     (uintptr_t)memory, access);
}
