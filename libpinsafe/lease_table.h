/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "lease.h"

/*
 * The leases of this process, for lease*.c: by file, by the descriptor that a
 * signal of the kernel names, and those that something has to be done about.
 * Nothing but a scan walks all of them.  Changed by the keeper's thread only,
 * which may read without the lock.
 */
void leases_insert(struct lease *lease) PS_REQUIRES(table_lock);
void leases_remove(struct lease *lease) PS_REQUIRES(table_lock);

/* The next with this signal_fd after @lease (NULL: the first), or NULL */
struct lease *leases_next_signalled(struct lease *lease, int signal_fd);
/* @lease->signal_fd is another from now on. */
void leases_set_signal_fd(struct lease *lease, int signal_fd);

/*
 * The next one in turns of all leases that are blind, or of those that are not:
 * after as many calls as there are it was each one's turn.  NULL: there is none.
 */
struct lease *leases_next_turn(bool is_blind);
size_t leases_count(bool is_blind);

/* Without holders: on a list of those, until the keeper releases them. */
void leases_hold(struct lease *lease) PS_REQUIRES(table_lock);
struct lease *leases_first_unused(void) PS_REQUIRES(table_lock);

/* To those that are being broken, in the order of the breaks, or out of them */
void leases_set_broken(struct lease *lease, bool is_broken);

/* For fork.h, in the child: give each to @fn, and be empty. */
void leases_forget(void (*fn)(struct lease *lease)) PS_REQUIRES(table_lock);

/* How many leases there are, and what lease.c needs of their end */
/* Before one is taken; after it is released, or lease_drop() */
void lease_count_new(const struct lease *lease);
void lease_count_none(void);

/* It has not come to be one. */
void lease_drop(struct lease *lease);
void lease_free(struct lease *lease);
