// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * In a sandbox as containers and hardened units have it, a memory region is
 * guarded, and revoked, by system calls that these allow: the others are refused
 * as by container engines, or with "kill" end the process as in systemd's units.
 */
#include <string.h>

#include "../field/sandbox.h"
#include "lib/stack.h"

STACK_CASE(registered__revoked_in_a_break)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

STACK_CASE(registered__deregistered)
{
	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_int_equal(stack_stats().leases, 0);
}

int main(int argc, char **argv)
{
	bool is_deadly = argc > 1 && !strcmp(argv[1], "kill");

	int r = sandbox_enter(is_deadly ? SECCOMP_RET_KILL_PROCESS :
					  SECCOMP_RET_ERRNO | EPERM);

	if (r) {
		print_message("no seccomp here: %s\n", strerror(r));
		return 77;
	}
	return run_cases();
}
