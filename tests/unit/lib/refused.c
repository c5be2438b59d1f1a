// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A system call that fails, whoever makes it: nothing is wrapped. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "refused.h"

#define LOAD(field) \
	BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define UNLESS(is, skip) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (is), 0, (skip))

int refuse(const struct refused *call)
{
	int i = call->argument ? call->argument - 1 : 0;
	struct sock_filter filter[] = {
		LOAD(nr),
		UNLESS(call->number, 3),
		/* The lower half of it */
		LOAD(args[i]),
		UNLESS(call->value, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | call->error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { .len = 6, .filter = filter };

	if (!call->argument) /* whatever that is */
		filter[3] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_IMM, 0);
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			       syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				       SECCOMP_FILTER_FLAG_TSYNC, &program) ?
		       errno :
		       0;
}
