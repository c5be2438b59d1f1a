// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <sys/mman.h>

#include "rereg.h"
#include "verbs_wrap.h"

char *addr_a, *addr_b, *anonymous;

char *map_anonymous(void *at)
{
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | (at ? MAP_FIXED : 0);
	char *addr = mmap(at, page_size(), PROT_READ | PROT_WRITE, flags, -1, 0);

	assert_true(addr != MAP_FAILED);
	return addr;
}

int rereg_setup(void **state)
{
	stack_setup(state);
	fake_provider.cmd_rereg_mr = fake_cmd_rereg_mr;
	addr_a = stack_addr;
	addr_b = stack_addr + STACK_PAGES * page_size();
	anonymous = map_anonymous(NULL);
	return 0;
}

int rereg_teardown(void **state)
{
	munmap(anonymous, page_size());
	return stack_teardown(state);
}

int rereg_as(struct ibv_mr *mr, int flags, void *addr, int access)
{
	int r;

	errno = 0;
	r = verbs_wrap_ops.rereg_mr(mr, flags, &stack_device.pd, addr,
				    page_size(), access);
	if (!r && flags & MOVE) {
		mr->addr = addr;
		mr->length = page_size();
	}
	return r;
}

int rereg(struct ibv_mr *mr, int flags, void *addr)
{
	return rereg_as(mr, flags, addr, IBV_ACCESS_LOCAL_WRITE);
}

struct ibv_mr *reg_anonymous(void)
{
	return verbs_wrap_ops.reg_mr(&stack_device.pd, anonymous, page_size(),
				     (uintptr_t)anonymous,
				     IBV_ACCESS_LOCAL_WRITE);
}

void assert_leases(bool a, bool b)
{
	assert_int_equal(fake_lease_exists(STACK_A), a);
	assert_int_equal(fake_lease_exists(STACK_B), b);
}
