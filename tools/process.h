/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <sys/types.h>

#include "report.h"

/*
 * Join what the kernel shows of the memory regions, mappings and leases of
 * process @pid, or with 0 of all processes that have memory regions, on @device
 * or, if it is NULL, on all of them.
 *
 * 0, with @report's new keys and a @ret_status for the tool; ESRCH if there is
 * no process @pid; ENOMEM; else the errno of RDMA netlink or /proc/locks.
 */
int process_report(pid_t pid, const char *device, json_object *report,
		   enum status *ret_status);
