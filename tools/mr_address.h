/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc_read.h"
#include "rdma_netlink.h"

struct mr_address {
	const struct rdma_mr *mr; /* borrowed */
	pid_t pid;		  /* of its process, 0: nobody knows */
	bool is_known;		  /* the address */
	uint64_t address;
};

/*
 * Find out at which address the memory regions of a process begin, as far as
 * possible: that of the others stays unknown.
 *
 * No kernel tells it, so this reads the program's memory for the struct ibv_mr
 * with the length and the keys of each memory region.  It only reads pages that
 * are present, and changes nothing.
 *
 * 0; ESRCH; EPERM or EACCES without the right to read the memory; ENOMEM.
 */
int mr_address_find(pid_t pid, const struct proc_maps *maps,
		    struct mr_address *addresses, size_t n);
