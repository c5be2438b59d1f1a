/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

enum lease_type { LEASE_ORDINARY, LEASE_LAYOUT, LEASE_DELEGATION };

/* A lease in /proc/locks or in the fdinfo of a descriptor */
struct proc_lease {
	enum lease_type type;
	bool breaking; /* somebody waits for it */
	bool write;    /* F_WRLCK; or it was, before a break of it */
	pid_t pid;     /* of the process that took it */
	dev_t dev;
	ino_t ino;
};

/*
 * Fill in @ret_lease from a line of /proc/locks, or from one of fdinfo that
 * begins with "lock:".  ENOENT if it is a lock of another kind, or somebody who
 * waits; EINVAL if it is neither.
 */
int proc_parse_lease(const char *line, struct proc_lease *ret_lease);

/* The process of a thread, from the line "Tgid:" of its status; else EINVAL */
int proc_parse_tgid(const char *line, pid_t *ret_pid);

const char *lease_type_name(enum lease_type type);
