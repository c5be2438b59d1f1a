/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What there is to report, one function for each; they add keys to @report.  @device:
 * only the one of that name, NULL: all.
 */
#pragma once

#include <sys/types.h>

#include "abilities.h"
#include "file_facts.h"
#include "options.h"

/*
 * Add "devices", and to @abilities whether one has on-demand paging.  0; ENODEV if
 * there is none of that name.  No device at all is no error.
 */
int devices_report(const char *device, json_object *report,
		   struct abilities *abilities);

/*
 * Add "file_systems": those that are mounted and whose files can be mapped, each once,
 * with the guard that a shared writable mapping would get.
 *
 * 0, or the errno of /proc/self/mounts
 */
int filesystems_report(const struct abilities *abilities, json_object *report);

/*
 * Add "holders", who have a lease on the file, and "openers", who have it open, and
 * "openers_complete": false if there are processes that we may not look at.
 *
 * 0, and the number of openers but ourselves; or the errno of reading /proc
 */
int file_users_report(const struct file_facts *file, json_object *report,
		      size_t *ret_openers);

/*
 * What would become of a memory region over a shared mapping of a file, by this
 * user, on this machine, now.  The file is not opened but with O_PATH, so this
 * breaks nobody's lease.
 *
 * 0 and @ret_status; else the errno of looking at the file or at /proc
 */
int dry_run_report(const struct options *options,
		   const struct abilities *abilities, json_object *report,
		   enum status *ret_status);

/*
 * Join what the kernel shows of the memory regions, mappings and leases of
 * process @pid, or with 0 of all processes that have memory regions.
 *
 * 0 and a @ret_status for the tool; ESRCH if there is no process @pid; ENOMEM; else
 * the errno of RDMA netlink or /proc/locks.
 */
int process_report(pid_t pid, const char *device, json_object *report,
		   enum status *ret_status);

/*
 * Register a scratch file through libpinsafe, have a child truncate it and punch
 * a hole, and see which of the promises hold.  It is in directory @path, or in
 * that of file @path.
 *
 * 0 and @ret_status; else an errno, and it has said why on standard error.
 */
int selftest_report(const char *path, const char *device, json_object *report,
		    enum status *ret_status);
