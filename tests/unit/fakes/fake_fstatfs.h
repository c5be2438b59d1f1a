/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

/* The file system that all regular files seem to be on; 0: the real one */
extern unsigned long fake_fstatfs_magic;
