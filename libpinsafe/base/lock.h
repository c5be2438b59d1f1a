/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Locks, checked by clang's -Wthread-safety.  Documentation/thread-safety.md tells
 * what each guards; none is held over a call that may block.
 *
 * A thread of the program enters a section before it takes any of them: inside,
 * signals are blocked and cancellation is off.  Otherwise a signal handler that
 * truncates a guarded file would wait in the kernel for the keeper, and the keeper
 * for the lock that the handler's own thread holds.
 */
#pragma once

#include <pthread.h>
#include <signal.h>
#include <time.h>

#ifdef __clang__
#define PS_ATTR(x) __attribute__((x))
#else
#define PS_ATTR(x)
#endif
#define PS_GUARDED_BY(m) PS_ATTR(guarded_by(m))
#define PS_REQUIRES(m) PS_ATTR(requires_capability(m))
#define PS_EXCLUDES(m) PS_ATTR(locks_excluded(m))

struct PS_ATTR(capability("mutex")) ps_mutex {
	pthread_mutex_t mutex;
};

#define PS_MUTEX_INITIALIZER { PTHREAD_MUTEX_INITIALIZER }

void ps_lock(struct ps_mutex *m) PS_ATTR(acquire_capability(*m));
void ps_unlock(struct ps_mutex *m) PS_ATTR(release_capability(*m));

/* Wait for a change of what @m guards; may return early. */
void ps_wait(pthread_cond_t *cond, struct ps_mutex *m) PS_REQUIRES(*m);

/* Until @deadline of CLOCK_MONOTONIC at most */
void ps_timed_wait(pthread_cond_t *cond, struct ps_mutex *m,
		   const struct timespec *deadline) PS_REQUIRES(*m);

struct section {
	sigset_t signals;
	int cancel_state;
};

void section_enter(struct section *s);
void section_leave(const struct section *s);

static inline struct section section_begin(void)
{
	struct section s;

	section_enter(&s);
	return s;
}

/* One that lasts to the end of the block */
#define SECTION(name)                                                 \
	struct section name __attribute__((cleanup(section_leave), unused)) = \
		section_begin()

/* The value of @expr, with @m held */
#define PS_LOCKED(m, expr)                   \
	({                                   \
		ps_lock(m);                  \
		__auto_type value_ = (expr); \
		ps_unlock(m);                \
		value_;                      \
	})

/*
 * What takes long asks now and then: of the signals that wait for the end of the
 * section, those that no handler gets come through, and end or stop the process.
 * Not with a lock held.
 */
void section_let_end(const struct section *s);

/* In the order in which they are taken */
extern struct ps_mutex hook_lock, table_lock, event_lock, request_lock,
	log_lock, aside_lock;

/*
 * All of them, for a thread that forks; and for the child, as they are at load.
 * Handlers of fork(2) of the program run on that thread before they are given back.
 * What these call may take locks: for as long as it is in a section all are free.
 */
void locks_take_to_fork(void);
void locks_give_after_fork(void);
void locks_forget(void);
