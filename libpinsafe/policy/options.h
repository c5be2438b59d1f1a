/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <infiniband/pinsafe.h>

struct event_source;

/* What a program that knows of us wants of a registration */
struct reg_options {
	uint64_t mask;			/* enum pinsafe_reg_attr_mask */
	enum pinsafe_guard guard;
	int fd;
	uint32_t grace_ms;
	uint32_t prefault_threads;	/* 0: as many as help */
	pinsafe_progress *progress;	/* or NULL */
	void *user_data;		/* for it */
	struct event_source *source;	/* of events, or NULL; borrowed */
	int timeout_ms;			/* to wait for others; -1: the policy's */
	/* Only find out what would happen; NULL: register */
	struct pinsafe_check_result *check;
};

/*
 * The registration that this thread makes next goes through libibverbs, which
 * has no argument for options; so they wait here.  NULL: none.
 */
void options_set(const struct reg_options *options);
const struct reg_options *options_get(void);
