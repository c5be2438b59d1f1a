/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/cause.h"

#define LEASE_MODULE "layout_lease"

/* Of F_SETLEASE: kernel/README.md */
#ifndef F_LAYOUT
#define F_LAYOUT 16
#endif

enum lease_provider_kind {
	PROVIDER_UNKNOWN, /* leases are turned off, or nobody may ask */
	PROVIDER_NONE,
	PROVIDER_KERNEL,  /* one with the patches of kernel/ */
	PROVIDER_MODULE,  /* kernel/module */
	PROVIDER_CONTROL, /* the same, built to show the damage */
};

/* Who gives layout leases on this machine; texts are "" where there are none */
struct lease_provider {
	enum lease_provider_kind kind;
	/* Of the module */
	char version[32];
	char state[128];       /* "ok", or "dead: " and why */
	char file_systems[96]; /* names of those it guards, a blank between */
	/* Of page caches for devices that write: "yes", or "no: " and why */
	char page_cache_write[128];
};

/* From what the module shows in sysfs, and what fcntl(2) says; any thread. */
void lease_provider_find(struct lease_provider *ret_provider);

/* "the module layout_lease 1.0", as a part of a sentence; valid as @provider */
const char *lease_provider_name(const struct lease_provider *provider);

/* A module that says of itself that it gives no more leases */
bool lease_provider_is_dead(const struct lease_provider *provider);

/* Does it give leases, on some file system? */
bool lease_provider_is_alive(const struct lease_provider *provider);

/* Is it the module's doing that there are none on the file system?  Records why. */
bool lease_provider_why_not(const struct lease_provider *provider,
			    const char *fs_name, struct cause *cause);

/* The promise of F_LAYOUT_WRITE, as far as no file is looked at; records why not */
bool lease_provider_keeps_writes(const struct lease_provider *provider,
				 struct cause *cause);

/*
 * A module that is alive and guards files with a page cache there, too.  It has
 * tmpfs in its list then, which there is nothing else of.
 */
bool lease_provider_has_page_caches(const struct lease_provider *provider,
				    const char *fs_name);

/*
 * /proc/sys/fs/lease-break-time, in seconds; 0: it does not end.  If it cannot
 * be read now, what it was when it was read last; or else the kernel's default.
 * Any thread.
 */
unsigned long lease_break_time_s(void);

/* /proc/sys/fs/leases-enable, or @if_unknown if it cannot be read; any thread */
bool leases_are_enabled(bool if_unknown);

/* One of the module's counters; 0, or an errno value. */
int lease_provider_count(const struct lease_provider *provider,
			 const char *counter, uint64_t *ret_count);
