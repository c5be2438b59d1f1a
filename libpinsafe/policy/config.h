/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>

struct config {
	bool off;		/* PINSAFE=off or PINSAFE_BYPASS: hook nothing */
	bool strict;		/* PINSAFE_STRICT=1: no context unguarded */
	int log_level;		/* PINSAFE_LOG, an enum log_level */
	const char *log_file;	/* PINSAFE_LOG_FILE, NULL: standard error */
	int signal;		/* signal, a real-time signal */
	int retake_ms;		/* retake_ms */
};

enum guard_choice {
	GUARD_AUTO,
	GUARD_LAYOUT,
	GUARD_LEASE,
	GUARD_ODP,
	GUARD_NONE,
};

/* What pinsafe.conf(5) says about a file; all zero is the safe default. */
struct policy {
	enum guard_choice guard;
	bool warn_on_refuse;	/* on_refuse=warn: unprotected, not refused */
	bool hold_on_break;	/* on_break=hold: the breaker gets ETXTBSY */
	bool guard_shmem;	/* shmem=guard */
	bool page_cache_write;	/* page_cache_write=yes */
	int grace_ms;
	bool on_refuse_is_set;	/* by somebody; else it is a default */
};

/*
 * The environment and pinsafe.conf as they were at the first call of one of
 * these functions.  They never fail; after the first call they take no lock and
 * allocate nothing.  Any thread, and after fork.  They keep errno.
 */
const struct config *config_get(void);

/* The policy for the file at @path, as the kernel shows it in /proc/self/maps;
 * NULL: for memory without a path */
struct policy config_policy(const char *path);

/*
 * Nobody has asked for pinsafe in this program: it is in all of them.  From now
 * on on_refuse=warn is the default, unless PINSAFE_STRICT=1.  Any thread
 */
void config_set_uninvited(void);

/* Whether there is a policy that guards tmpfs, for whatever path */
bool config_may_guard_shmem(void);
/* Whether there is one that says guard=lease */
bool config_may_want_lease(void);
