// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Mutexes and the sections in which they may be taken; rules in lock.h. */
#include <stdbool.h>

#include "base/lock.h"

struct ps_mutex table_lock = PS_MUTEX_INITIALIZER;

void ps_lock(struct ps_mutex *m) PS_ATTR(no_thread_safety_analysis)
{
	pthread_mutex_lock(&m->mutex);
}

void ps_unlock(struct ps_mutex *m) PS_ATTR(no_thread_safety_analysis)
{
	pthread_mutex_unlock(&m->mutex);
}

void table_lock_fork_prepare(void) PS_ATTR(no_thread_safety_analysis)
{
	ps_lock(&table_lock);
}

void table_lock_fork_parent(void) PS_ATTR(no_thread_safety_analysis)
{
	ps_unlock(&table_lock);
}

void table_lock_forget(void)
{
	table_lock = (struct ps_mutex)PS_MUTEX_INITIALIZER;
}

void ps_wait(pthread_cond_t *cond, struct ps_mutex *m)
{
	pthread_cond_wait(cond, &m->mutex);
}

void ps_timed_wait(pthread_cond_t *cond, struct ps_mutex *m,
		   const struct timespec *deadline)
{
	(void)pthread_cond_timedwait(cond, &m->mutex, deadline);
}

void section_enter(struct section *s)
{
	/* Faults stay deliverable: a program may handle its own SIGSEGV. */
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE,
				      SIGILL,  SIGTRAP, SIGSYS };
	sigset_t block;
	size_t i;

	sigfillset(&block);
	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&block, faults[i]);
	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &s->cancel_state);
	pthread_sigmask(SIG_BLOCK, &block, &s->signals);
}

static bool has_handler(int signal)
{
	struct sigaction action;

	return sigaction(signal, NULL, &action) ||
	       action.sa_flags & SA_SIGINFO ||
	       (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN);
}

void section_let_end(const struct section *s)
{
	sigset_t pending, passing;
	int i;

	if (sigpending(&pending))
		return;
	sigemptyset(&passing);
	for (i = 1; i < NSIG; i++)
		if (sigismember(&pending, i) == 1 &&
		    !sigismember(&s->signals, i) && !has_handler(i))
			sigaddset(&passing, i);
	if (sigisemptyset(&passing))
		return;
	pthread_sigmask(SIG_UNBLOCK, &passing, NULL);
	pthread_sigmask(SIG_BLOCK, &passing, NULL);
}

void section_leave(const struct section *s)
{
	pthread_sigmask(SIG_SETMASK, &s->signals, NULL);
	pthread_setcancelstate(s->cancel_state, NULL);
}
