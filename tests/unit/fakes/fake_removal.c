// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What the preload object asks before blocks are taken away: recorded */
#include <errno.h>

#include "../lib/record.h"
#include "fake_removal.h"
#include "preload/private.h"

int fake_removal_busy_fd = -1;

int pinsafe_private_removal_begin(int fd, bool is_shared,
				  struct lease_barrier *barrier)
{
	record(is_shared ? "share %d" : "begin %d", fd);
	return fd == fake_removal_busy_fd ? ETXTBSY : 0;
}

void pinsafe_private_removal_end(struct lease_barrier *barrier)
{
	record("end");
}
