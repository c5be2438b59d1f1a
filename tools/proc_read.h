/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What /proc shows of processes.  Any of them may end while it is looked at:
 * then these functions return ESRCH, or what was there before.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc_parse.h"

#define COMMAND_MAX 64

struct proc_map {
	uintptr_t start;
	uintptr_t end;
	uint64_t offset;
	dev_t dev;
	ino_t ino;
	bool readable;
	bool writable;
	bool shared;
	bool has_pages;	    /* or nobody has looked */
	bool is_not_dumped; /* MADV_DONTDUMP; the same */
	char *path;	    /* owned */
};

struct proc_maps {
	size_t n;
	struct proc_map *maps; /* owned; in the order of addresses */
};

struct proc_leases {
	size_t n;
	struct proc_lease *leases; /* owned */
};

/* 0; ESRCH; EACCES or EPERM without the right to look; EINVAL; ENOMEM */
int proc_read_maps(pid_t pid, struct proc_maps *ret_maps);
void proc_maps_put(struct proc_maps *maps);

/* All leases of the machine; 0, ENOMEM, or the errno of /proc/locks */
int proc_read_leases(struct proc_leases *ret_leases);
/*
 * Add the leases on descriptors of a thread.  They are in /proc/locks as well,
 * but under the process that took them, which need not be this one.
 */
int proc_add_fd_leases(pid_t pid, pid_t tid, struct proc_leases *leases);
void proc_leases_put(struct proc_leases *leases);

/* The thread of a process with this name; ENOENT, or ESRCH */
int proc_find_thread(pid_t pid, const char *name, pid_t *ret_tid);

/* The process of a thread; 0: it has ended */
pid_t proc_process_of(pid_t tid);

/* Its name, or "?" */
void proc_command(pid_t pid, char command[COMMAND_MAX]);
