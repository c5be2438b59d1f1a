/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What can be seen of a guard from outside: leases in /proc/locks, the
 * counters of the library if it is loaded.
 */
#pragma once

#include <stdbool.h>

#include <infiniband/pinsafe.h>

struct guard_leases {
	int held;     /* layout leases on the file, by anybody */
	int ordinary; /* F_RDLCK and F_WRLCK, likewise */
	int breaking; /* those of both that somebody waits for */
};

/* Leases on the file behind an open descriptor (O_PATH will do) */
struct guard_leases guard_leases(int fd);

/* Wait until a lease on the file is being broken, or until none is left */
bool guard_wait_breaking(int fd, int ms);
bool guard_wait_no_lease(int fd, int ms);

/*
 * Leases of this process, by kind, whatever the file: the inode that a lease
 * is on need not be the one that fstat(2) names (btrfs, overlay).
 */
struct guard_own {
	int layout;  /* F_LAYOUT */
	int classic; /* F_SETLEASE with F_RDLCK or F_WRLCK */
};

struct guard_own guard_own_leases(void);
bool guard_wait_none_own(int ms);

/* Is a module there that has layout leases for files with a page cache? */
bool guard_has_page_caches(void);
/* And that keeps what devices write to them, with page_cache_write=yes? */
bool guard_keeps_writes(void);

/* Is pinsafe loaded into this process? */
bool guard_loaded(void);

/*
 * For a program that is called with "DIR", or "DIR --expect-loss" as its own
 * control, which has to run without pinsafe: is it that?
 */
bool guard_is_control(int argc, char **argv);

/* Its counters, all 0 without pinsafe */
struct pinsafe_stats guard_stats(void);

/*
 * Wait until so many regions were revoked and their leases are gone, or until
 * there are no regions and leases; the kernel knows a little earlier
 */
bool guard_wait_revoked(uint64_t revoked_mrs, int ms);
bool guard_wait_nothing(int ms);

/* /proc/sys/fs/NAME; the next case finds it as it was */
void guard_set_sysctl(const char *name, int value);

/* fs.lease-break-time in ms; a breaker must return well before */
int guard_break_time_ms(void);
