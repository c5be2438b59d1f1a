/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/* Of this one the memory regions cannot be revoked; -1: of all they can. */
extern int fake_removal_busy_fd;
