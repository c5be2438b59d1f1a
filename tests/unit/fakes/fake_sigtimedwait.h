/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_SIGTIMEDWAIT_H
#define FAKE_SIGTIMEDWAIT_H

/* A signal with this address as its value comes from a broken lease. */
extern char fake_break_mark;

#endif /* FAKE_SIGTIMEDWAIT_H */
