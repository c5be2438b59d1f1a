/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* The public functions on a stack, the way most tests want them */
#pragma once

#include <infiniband/pinsafe.h>

#include "stack.h"

/* All of @file, written by the device */
struct pinsafe_reg_attr stack_attr(const struct file *file);
/* pinsafe_reg_mr() that must succeed */
struct ibv_mr *stack_reg_attr(const struct pinsafe_reg_attr *attr);
/* The same that must fail; what it said */
int stack_reg_refused(const struct pinsafe_reg_attr *attr);

struct pinsafe_event_channel *stack_channel(void);
void stack_channel_end(struct pinsafe_event_channel *channel);

/* Is the descriptor readable, now or within @ms? */
bool stack_has_event(struct pinsafe_event_channel *channel, int ms);
/* The next event, which must come and be of that type, for @mr */
struct pinsafe_event *stack_event(struct pinsafe_event_channel *channel,
				  enum pinsafe_event_type type,
				  const struct ibv_mr *mr);
/* The same, acknowledged */
void stack_event_is(struct pinsafe_event_channel *channel,
		    enum pinsafe_event_type type, const struct ibv_mr *mr);
