/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/* What it fails with from now on; 0: it reaches the kernel. */
extern int fake_mprotect_errno;
