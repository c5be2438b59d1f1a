/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_MPROTECT_H
#define FAKE_MPROTECT_H

/* What it fails with from now on; 0: it reaches the kernel. */
extern int fake_mprotect_errno;

#endif /* FAKE_MPROTECT_H */
