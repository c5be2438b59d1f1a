/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PINSAFE_NEUTRAL_H
#define PINSAFE_NEUTRAL_H

/*
 * Have the calling thread, which is ours, keep nothing of what its creator
 * happened to be: Documentation/thread-safety.md has the whole list.
 */
void neutral_become(const char *name);

#endif /* PINSAFE_NEUTRAL_H */
