// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage event: nobody wants to know */
#include "event.h"

struct event_source *event_source_get(struct event_source *source)
{
	return source;
}

int event_source_copy(struct event_source *source,
		      struct event_source **ret_source)
{
	*ret_source = source;
	return 0;
}

void event_source_put(struct event_source *source)
{
}

void event_source_set_mr(struct event_source *source, struct ibv_mr *mr,
			 void *addr, size_t length)
{
}

int event_source_add_file(struct event_source *source, dev_t dev, ino_t ino,
			  const char *path)
{
	return 0;
}

void event_post(struct event_source *source, enum pinsafe_event_type type,
		int error, dev_t dev, ino_t ino, uint64_t deadline_ns)
{
}
