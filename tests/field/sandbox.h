/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Sandboxes as containers and hardened units have them: what the default
 * profiles of Docker, containerd and Kubernetes refuse without capabilities, in
 * any of their releases, and what SystemCallFilter=@system-service of systemd
 * does not have (moby/moby#45622, containerd#4730); but for system calls that
 * only one architecture has, or none any more.
 */
#pragma once

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

static const unsigned int sandbox_refused[] = {
	SYS_acct, SYS_add_key, SYS_adjtimex, SYS_bpf, SYS_chroot,
	SYS_clock_adjtime, SYS_clock_settime, SYS_delete_module,
	SYS_fanotify_init, SYS_fanotify_mark, SYS_finit_module, SYS_fsconfig,
	SYS_fsmount, SYS_fsopen, SYS_fspick, SYS_get_mempolicy,
	SYS_init_module, SYS_io_uring_enter, SYS_io_uring_register,
	SYS_io_uring_setup, SYS_kcmp, SYS_kexec_load, SYS_keyctl,
	SYS_landlock_add_rule, SYS_landlock_create_ruleset,
	SYS_landlock_restrict_self, SYS_lookup_dcookie, SYS_mbind,
	SYS_migrate_pages, SYS_mincore, SYS_mount, SYS_mount_setattr,
	SYS_move_mount, SYS_move_pages, SYS_name_to_handle_at,
	SYS_open_by_handle_at, SYS_open_tree, SYS_perf_event_open,
	SYS_pidfd_getfd, SYS_pivot_root, SYS_pkey_alloc, SYS_pkey_free,
	SYS_pkey_mprotect, SYS_process_madvise, SYS_process_mrelease,
	SYS_process_vm_readv, SYS_process_vm_writev, SYS_ptrace, SYS_quotactl,
	SYS_reboot, SYS_request_key, SYS_set_mempolicy, SYS_setdomainname,
	SYS_sethostname, SYS_setns, SYS_settimeofday, SYS_swapoff, SYS_swapon,
	SYS_syslog, SYS_umount2, SYS_unshare, SYS_userfaultfd, SYS_vhangup,
	/* ~@resources, which many units have besides */
	SYS_sched_setaffinity, SYS_sched_setscheduler, SYS_sched_setattr,
	SYS_setpriority, SYS_ioprio_set,
};

#define SANDBOX_N (sizeof(sandbox_refused) / sizeof(sandbox_refused[0]))

/*
 * SECCOMP_RET_ERRNO | EPERM as containers, with clone3(2) as if there were none;
 * SECCOMP_RET_KILL_PROCESS as units.  0 or an errno.
 */
static inline int sandbox_enter(unsigned int action)
{
	static struct sock_filter filter[2 * SANDBOX_N + 4];
	struct sock_fprog program = { .filter = filter };
	size_t i, n = 0;

	filter[n++] = (struct sock_filter)BPF_STMT(
		BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
	for (i = 0; i < SANDBOX_N; i++) {
		filter[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, sandbox_refused[i], 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
							   action);
	}
	if (action != SECCOMP_RET_KILL_PROCESS) {
		filter[n++] = (struct sock_filter)BPF_JUMP(
			BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1);
		filter[n++] = (struct sock_filter)BPF_STMT(
			BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS);
	}
	filter[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K,
						   SECCOMP_RET_ALLOW);
	program.len = n;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
				     &program) ?
		       errno :
		       0;
}
