// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Warnings that are given once for each file. */
#include <stddef.h>

#include "base/lock.h"
#include "base/log.h"

#define N_FILES 64

static struct {
	enum once_topic topic;
	dev_t dev;
	ino_t ino;
} said[N_FILES] PS_GUARDED_BY(table_lock);
static size_t n_said PS_GUARDED_BY(table_lock);

static bool say(enum once_topic topic, dev_t dev, ino_t ino)
	PS_REQUIRES(table_lock)
{
	size_t i;

	for (i = 0; i < n_said && i < N_FILES; i++)
		if (said[i].topic == topic && said[i].dev == dev &&
		    said[i].ino == ino)
			return false;
	i = n_said++ % N_FILES;
	said[i].topic = topic;
	said[i].dev = dev;
	said[i].ino = ino;
	return true;
}

bool once_for_file(enum once_topic topic, dev_t dev, ino_t ino)
{
	SECTION(section);

	return PS_LOCKED(&table_lock, say(topic, dev, ino));
}
