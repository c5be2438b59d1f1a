// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Mutexes and the sections in which they may be taken; rules in lock.h. */
#include <stdbool.h>

#include "base/lock.h"
#include "base/sys.h"

struct ps_mutex hook_lock = PS_MUTEX_INITIALIZER;
struct ps_mutex table_lock = PS_MUTEX_INITIALIZER;
struct ps_mutex event_lock = PS_MUTEX_INITIALIZER;
struct ps_mutex request_lock = PS_MUTEX_INITIALIZER;
struct ps_mutex log_lock = PS_MUTEX_INITIALIZER;
struct ps_mutex aside_lock = PS_MUTEX_INITIALIZER;

static struct ps_mutex *const by_rank[] = { &hook_lock,	 &table_lock,
					    &event_lock, &request_lock,
					    &log_lock,	 &aside_lock };
#define N_LOCKS (sizeof(by_rank) / sizeof(by_rank[0]))

void ps_lock(struct ps_mutex *m) PS_ATTR(no_thread_safety_analysis)
{
	pthread_mutex_lock(&m->mutex);
}

void ps_unlock(struct ps_mutex *m) PS_ATTR(no_thread_safety_analysis)
{
	pthread_mutex_unlock(&m->mutex);
}

/* Of the thread that forks: it has all of them while it is in no section. */
static __thread bool is_forking;
static __thread unsigned int n_sections;

static void take_all(void) PS_ATTR(no_thread_safety_analysis)
{
	size_t i;

	for (i = 0; i < N_LOCKS; i++)
		ps_lock(by_rank[i]);
}

static void give_all(void) PS_ATTR(no_thread_safety_analysis)
{
	size_t i;

	for (i = N_LOCKS; i; i--)
		ps_unlock(by_rank[i - 1]);
}

void locks_take_to_fork(void)
{
	take_all();
	is_forking = true;
	n_sections = 0;
}

void locks_give_after_fork(void)
{
	is_forking = false;
	give_all();
}

void locks_forget(void)
{
	size_t i;

	/* What is held and begins anew is two locks to tools that follow them. */
	if (is_forking && !n_sections)
		give_all();
	is_forking = false;
	for (i = 0; i < N_LOCKS; i++)
		*by_rank[i] = (struct ps_mutex)PS_MUTEX_INITIALIZER;
}

void ps_wait(pthread_cond_t *cond, struct ps_mutex *m)
{
	pthread_cond_wait(cond, &m->mutex);
}

void ps_timed_wait(pthread_cond_t *cond, struct ps_mutex *m,
		   const struct timespec *deadline)
{
	(void)pthread_cond_clockwait(cond, &m->mutex, CLOCK_MONOTONIC,
				     deadline);
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
	/* Where a sandbox forbids it, none is blocked. */
	if (sys_sigmask(SIG_BLOCK, &block, &s->signals))
		sigemptyset(&s->signals);
	if (is_forking && !n_sections++)
		give_all();
}

static bool has_handler(int signal)
{
	void (*handler)(int);

	return sys_sighandler(signal, &handler) ||
	       (handler != SIG_DFL && handler != SIG_IGN);
}

void section_let_end(const struct section *s)
{
	sigset_t pending, passing;
	int i;

	if (sys_sigpending(&pending))
		return;
	sigemptyset(&passing);
	for (i = 1; i < NSIG; i++)
		if (sigismember(&pending, i) == 1 &&
		    !sigismember(&s->signals, i) && !has_handler(i))
			sigaddset(&passing, i);
	if (sigisemptyset(&passing))
		return;
	(void)sys_sigmask(SIG_UNBLOCK, &passing, NULL);
	(void)sys_sigmask(SIG_BLOCK, &passing, NULL);
}

void section_leave(const struct section *s)
{
	if (is_forking && !--n_sections)
		take_all();
	(void)sys_sigmask(SIG_SETMASK, &s->signals, NULL);
	pthread_setcancelstate(s->cancel_state, NULL);
}
