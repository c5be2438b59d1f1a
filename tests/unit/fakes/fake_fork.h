/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/* What fork_setup() returns */
extern int fake_fork_setup_error;
