/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "../lib/fault.h"

/* What MADV_POPULATE_WRITE fails with; it is recorded, nothing happens. */
extern struct fault fake_madvise;
