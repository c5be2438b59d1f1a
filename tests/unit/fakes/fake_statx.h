/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

/* Do regular files look as if they were on persistent memory? */
extern bool fake_statx_is_dax;
/* What it fails with from now on; 0: it succeeds. */
extern int fake_statx_errno;
