/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include "mr_address.h"
#include "proc_read.h"
#include "report.h"

/* What is known of a process while its report is made */
struct process {
	pid_t pid;
	json_object *report;
	json_object *notes;
	struct proc_maps maps;
	const struct proc_leases *all_leases; /* of the machine */
	struct proc_leases keeper_leases;
	struct proc_leases own_leases; /* on descriptors of the program */
};

/* Report a memory region with what is under it, and what that means for the tool. */
enum status process_add_mr(const struct process *process,
			   const struct mr_address *address, json_object *mrs);
