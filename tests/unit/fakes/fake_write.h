/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

extern _Atomic int fake_write_calls;
/* What all of them fail with from now on; 0: they reach the kernel. */
extern int fake_write_errno;
