/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_WRITE_H
#define FAKE_WRITE_H

extern _Atomic int fake_write_calls;
/* What all of them fail with from now on; 0: they reach the kernel. */
extern int fake_write_errno;

#endif /* FAKE_WRITE_H */
