// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * In a sandbox as containers and hardened units have it, a memory region is
 * guarded, and revoked, by system calls that these allow (moby/moby#45622,
 * containerd#4730): "eperm" refuses the others, as the default profiles of
 * Docker, containerd and Kubernetes do without capabilities; "kill" ends the
 * process, as SystemCallFilter=@system-service of systemd.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "lib/stack.h"

/* What these profiles do not allow, and what is near to what we do */
static const unsigned int refused[] = {
	SYS_pidfd_getfd,	 SYS_kcmp,	      SYS_ptrace,
	SYS_process_vm_readv,	 SYS_process_vm_writev,
	SYS_process_madvise,	 SYS_bpf,	      SYS_perf_event_open,
	SYS_userfaultfd,	 SYS_io_uring_setup,  SYS_io_uring_enter,
	SYS_unshare,		 SYS_setns,	      SYS_mount,
	SYS_umount2,		 SYS_open_tree,	      SYS_move_mount,
	SYS_open_by_handle_at,	 SYS_name_to_handle_at,
	SYS_quotactl,		 SYS_add_key,	      SYS_keyctl,
	SYS_request_key,	 SYS_set_mempolicy,   SYS_mbind,
	SYS_move_pages,		 SYS_migrate_pages,   SYS_get_mempolicy,
	SYS_syslog,		 SYS_acct,	      SYS_fanotify_init,
	/* And ~@resources, which many units have besides */
	SYS_sched_setaffinity,	 SYS_sched_setscheduler,
	SYS_sched_setattr,	 SYS_setpriority,     SYS_ioprio_set,
};

static int enter_sandbox(unsigned int action)
{
	struct sock_filter filter[N_OF(refused) * 2 + 2];
	struct sock_fprog program = { .filter = filter };
	size_t i, n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 0; i < N_OF(refused); i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, refused[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
							   action);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_ALLOW);
	program.len = n;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static void registered__revoked_in_a_break(void **state)
{
	struct ibv_mr *mr = stack_reg_file(STACK_A);

	record_clear();
	stack_break(STACK_A);
	assert_record("destroy 0, unlock a");
	stack_dereg_ok(mr);
}

static void registered__deregistered(void **state)
{
	stack_dereg_ok(stack_reg_file(STACK_A));
	assert_int_equal(stack_stats().leases, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest cases[] = {
		STACK_CASE(registered__revoked_in_a_break),
		STACK_CASE(registered__deregistered),
	};
	bool is_deadly = argc > 1 && !strcmp(argv[1], "kill");

	if (enter_sandbox(is_deadly ? SECCOMP_RET_KILL_PROCESS :
				      SECCOMP_RET_ERRNO | EPERM)) {
		print_message("no seccomp here: %s\n", strerror(errno));
		return 77;
	}
	return STACK_MAIN(cases);
}
