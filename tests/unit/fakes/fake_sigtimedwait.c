// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* sigtimedwait(2) where signals of fake_fcntl.c look as the kernel's do */
#include <signal.h>

#include "fake_sigtimedwait.h"

int __real_sys_sigtimedwait(const sigset_t *set, siginfo_t *ret_info,
			const struct timespec *timeout);
int __wrap_sys_sigtimedwait(const sigset_t *set, siginfo_t *ret_info,
			const struct timespec *timeout);

char fake_break_marks[FAKE_BREAK_FDS];

static unsigned int n_timeouts;

unsigned int fake_sigtimedwait_timeouts(void)
{
	return __atomic_load_n(&n_timeouts, __ATOMIC_RELAXED);
}

int __wrap_sys_sigtimedwait(const sigset_t *set, siginfo_t *ret_info,
			const struct timespec *timeout)
{
	int r = __real_sys_sigtimedwait(set, ret_info, timeout);
	const char *mark;

	if (r < 0 && timeout && timeout->tv_sec)
		__atomic_add_fetch(&n_timeouts, 1, __ATOMIC_RELAXED);
	if (r <= 0 || !ret_info || ret_info->si_code != SI_QUEUE)
		return r;
	mark = ret_info->si_value.sival_ptr;
	if (mark >= fake_break_marks &&
	    mark < fake_break_marks + FAKE_BREAK_FDS) {
		ret_info->si_code = POLL_MSG;
		ret_info->si_fd = mark - fake_break_marks;
	}
	return r;
}
