/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Breaks as events: told on a channel, or to a handler.  Part of pinsafe.h, which
 * says what holds for all functions.
 */
#ifndef INFINIBAND_PINSAFE_EVENT_H
#define INFINIBAND_PINSAFE_EVENT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct ibv_mr;

#ifdef __cplusplus
extern "C" {
#endif

/** enum pinsafe_event_type - what happens to a memory region */
enum pinsafe_event_type {
	/*
	 * The lease is being broken.  Until deadline_ns the program may bring
	 * its transfers to an end and call pinsafe_release() or ibv_dereg_mr();
	 * then the memory region is revoked.  With on_break=hold it is not, and
	 * deadline_ns is 0.  Only sent if there is a time of grace.
	 */
	PINSAFE_EVENT_BREAK = 1,
	/* The memory region is revoked: its keys are errors from now on. */
	PINSAFE_EVENT_REVOKED = 2,
	/*
	 * The kernel took an ordinary lease away before the memory region was
	 * revoked: what the device wrote since then may be in no file.
	 */
	PINSAFE_EVENT_LOST = 3,
	/* It could not be revoked; this is tried again. */
	PINSAFE_EVENT_REVOKE_FAILED = 4,
};

/**
 * struct pinsafe_event - what happens to a memory region
 * @type: enum pinsafe_event_type
 * @error: errno of a revoke that failed, else 0
 * @mr: the memory region; valid if the program has not deregistered it
 * @user_data: from struct pinsafe_reg_attr
 * @dev, @ino: the file whose lease is being broken, as in struct stat; if none
 *	is, the first one under the memory region
 * @path: its path at the time of the registration; valid until the event is
 *	acknowledged
 * @addr, @length: the memory, in bytes
 * @deadline_ns: of PINSAFE_EVENT_BREAK: when the memory region is revoked at
 *	last, in nanoseconds of CLOCK_MONOTONIC; 0: never, because of
 *	on_break=hold
 */
struct pinsafe_event {
	uint32_t type;
	int32_t error;
	struct ibv_mr *mr;
	void *user_data;
	dev_t dev;
	ino_t ino;
	const char *path;
	void *addr;
	size_t length;
	uint64_t deadline_ns;
};

/** struct pinsafe_event_channel - where events of memory regions come in */
struct pinsafe_event_channel;

/**
 * pinsafe_create_event_channel - make a place for events to come in
 *
 * It is for this process: in a child of fork(2) it can only be destroyed, which
 * leaves that of the parent alone.
 *
 * Return: a channel for pinsafe_destroy_event_channel(), or NULL and errno:
 * ENOMEM	out of memory
 * EMFILE, ENFILE	too many descriptors
 * EAGAIN	the thread that watches the leases could not be started
 *
 * Since: 0.1
 */
struct pinsafe_event_channel *pinsafe_create_event_channel(void);

/**
 * pinsafe_destroy_event_channel - end a channel
 * @channel: from pinsafe_create_event_channel(); not used by another thread
 *
 * Memory regions that were registered with it stay guarded and have no events
 * any more.
 *
 * Return: 0; EINVAL if @channel is NULL; EBUSY if an event was not acknowledged.
 *
 * Since: 0.1
 */
int pinsafe_destroy_event_channel(struct pinsafe_event_channel *channel);

/**
 * pinsafe_event_channel_fd - a descriptor for poll(2)
 * @channel: not NULL
 *
 * Return: a descriptor that is readable while there are events.  It belongs to
 * the channel.  With O_NONBLOCK set pinsafe_get_event() does not wait.
 *
 * Since: 0.1
 */
int pinsafe_event_channel_fd(struct pinsafe_event_channel *channel);

/**
 * pinsafe_get_event - take the next event
 * @channel: not NULL
 * @event: set to the event, to be given to pinsafe_ack_event()
 *
 * Waits for an event.  Several events of one type for one memory region, of
 * which none was taken yet, are one.
 *
 * Return: 0, or
 * EAGAIN	no event, and the descriptor has O_NONBLOCK
 * EINTR	a signal was handled
 * EINVAL	an argument is NULL, or the channel is of the parent process
 *
 * Since: 0.1
 */
int pinsafe_get_event(struct pinsafe_event_channel *channel,
		      struct pinsafe_event **event);

/**
 * pinsafe_ack_event - be done with an event
 * @event: from pinsafe_get_event(), not valid any more afterwards; NULL is fine
 *
 * Once for each event, and not for that of a break handler.  In a child of
 * fork(2) it does nothing to the parent.
 *
 * Since: 0.1
 */
void pinsafe_ack_event(struct pinsafe_event *event);

/*
 * Called with an event on a thread of pinsafe's own, which has all signals
 * blocked and runs one handler at a time; the event is acknowledged when it
 * returns.  It may call anything, in particular ibv_dereg_mr() and ibv_reg_mr().
 * A handler that does not return holds up other handlers, and no revoke.
 *
 * Signals are blocked there.  A child of fork(2) that it makes inherits that,
 * and has to end by exec or _exit(); if the handler returns in the child, the
 * child is ended as by _exit(EXIT_FAILURE).
 */
typedef void pinsafe_break_handler(const struct pinsafe_event *event);

#ifdef __cplusplus
}
#endif

#endif /* INFINIBAND_PINSAFE_EVENT_H */
