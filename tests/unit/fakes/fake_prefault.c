// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage prefault */
#include <errno.h>

#include "../lib/record.h"
#include "fake_prefault.h"

struct fake_prefault fake_prefault;

int prefault(const struct mapping_part *part, size_t page_size, bool for_write,
	     unsigned int n_threads, const struct populate_watch *watch)
{
	record("prefault%s %d", for_write ? "" : " for reading",
	       (int)part->file.ino);
	if (watch->must_stop(watch->arg))
		return EAGAIN;
	return fault_now(&fake_prefault.prefault);
}

int prefault_why(const struct mapping_part *part, int fd, size_t page_size)
{
	record("why %d", (int)part->file.ino);
	return fault_now(&fake_prefault.why);
}

int prefault_check_blocks(const struct mapping_part *part, int fd)
{
	record("check %d", (int)part->file.ino);
	return fault_now(&fake_prefault.check_blocks);
}
