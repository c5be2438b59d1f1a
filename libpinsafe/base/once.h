/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_ONCE_H
#define PINSAFE_ONCE_H

#include <stdbool.h>
#include <sys/types.h>

enum once_topic { ONCE_UNGUARDED, ONCE_ON_DEMAND, ONCE_HALF_GUARDED };

/*
 * True when it is asked for the first time for a file; the process remembers
 * the last files only.  Any thread.
 */
bool once_for_file(enum once_topic topic, dev_t dev, ino_t ino);

#endif /* PINSAFE_ONCE_H */
