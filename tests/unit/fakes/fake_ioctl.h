/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef FAKE_IOCTL_H
#define FAKE_IOCTL_H

/* What all ioctls fail with from now on; 0: they reach the kernel. */
extern int fake_ioctl_errno;

#endif /* FAKE_IOCTL_H */
