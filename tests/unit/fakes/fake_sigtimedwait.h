/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_SIGTIMEDWAIT_H
#define FAKE_SIGTIMEDWAIT_H

#define FAKE_BREAK_FDS 1024

/*
 * A signal with an address in here as its value comes from a broken lease; the
 * index is its descriptor.
 */
extern char fake_break_marks[FAKE_BREAK_FDS];

#endif /* FAKE_SIGTIMEDWAIT_H */
