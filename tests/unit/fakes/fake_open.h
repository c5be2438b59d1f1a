/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#define FAKE_OPEN_FILES 12

/*
 * What a file of /proc/sys or /sys contains, until the next of these calls for
 * it or fake_open_reset().  Disks need no stable pages; all other files are real.
 */
void fake_open_file(const char *path, const char *text);
/* It cannot be opened. */
void fake_open_fails(const char *path, int error);
/* Another file is opened. */
void fake_open_leads_to(const char *path, const char *target);
void fake_open_reset(void);
