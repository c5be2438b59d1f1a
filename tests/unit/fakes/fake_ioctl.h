/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/* What all ioctls fail with from now on; 0: they reach the kernel. */
extern int fake_ioctl_errno;
