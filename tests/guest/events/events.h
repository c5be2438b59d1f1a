/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Regions with an event channel, for programs that are linked with pinsafe;
 * those that are not must not call any of it.
 */
#pragma once

#include <infiniband/pinsafe.h>

#include "region.h"

/* Open the device, attached; bails out */
void events_open(struct verbs *verbs);

/* Register the region with a channel and so many ms of grace; bails out */
void events_register(struct region *region, struct verbs *verbs,
		     struct pinsafe_event_channel *channel, unsigned grace_ms);

/* Check that the next event comes and is of that type, and acknowledge it;
 * its deadline */
uint64_t events_expect(struct pinsafe_event_channel *channel,
		       enum pinsafe_event_type type,
		       const struct region *region, const char *what);

/* Check that an RDMA WRITE of 8 bytes fails with this key */
void events_check_key_dead(struct verbs *verbs, void *addr, uint32_t rkey,
			   const char *what);
