// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Warnings that are given once for each file. */
#include <stddef.h>

#include "base/lock.h"
#include "base/once.h"

#define N_FILES 64

static struct {
	enum once_topic topic;
	dev_t dev;
	ino_t ino;
} said[N_FILES] PS_GUARDED_BY(table_lock);
static size_t n_said PS_GUARDED_BY(table_lock);

bool once_for_file(enum once_topic topic, dev_t dev, ino_t ino)
{
	struct section section;
	bool is_new = true;
	size_t i;

	section_enter(&section);
	ps_lock(&table_lock);
	for (i = 0; i < n_said && i < N_FILES; i++)
		if (said[i].topic == topic && said[i].dev == dev &&
		    said[i].ino == ino)
			is_new = false;
	if (is_new) {
		i = n_said++ % N_FILES;
		said[i].topic = topic;
		said[i].dev = dev;
		said[i].ino = ino;
	}
	ps_unlock(&table_lock);
	section_leave(&section);
	return is_new;
}
