// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Public entry point: have what the device wrote written back. */
#include <errno.h>

#include <infiniband/pinsafe.h>

#include "api/flush.h"
#include "base/export.h"
#include "base/fork.h"
#include "base/lock.h"
#include "event.h"
#include "memory/redirty.h"
#include "track.h"

static int get_params(struct ibv_mr *mr, struct mr_params *ret_params)
{
	struct event_source *source;
	struct section section;
	int r;

	fork_check();
	section_enter(&section);
	r = track_get_params(mr, MR_ALIVE, ret_params, &source);
	section_leave(&section);
	if (!r)
		event_source_put(source);
	return r;
}

PINSAFE_EXPORT int pinsafe_sync(struct ibv_mr *mr, size_t offset, size_t length,
				uint32_t flags)
{
	struct mr_params params;
	uintptr_t start, end;
	int r;

	if (!mr || flags)
		return EINVAL;
	r = get_params(mr, &params);
	if (r)
		return r;
	if (!(params.access & IBV_ACCESS_LOCAL_WRITE) ||
	    offset > params.length || length > params.length - offset)
		return EINVAL;
	if (!length)
		return 0;
	start = (uintptr_t)params.addr + offset;
	end = start + length;
	if (flush_persistent(start, end))
		return 0;
	r = redirty_pages(start, end);
	if (r == EINVAL)
		return EACCES;
	return r ? r : flush_back(start, end);
}
