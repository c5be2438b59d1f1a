/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proc_read.h"
#include "rdma_netlink.h"

enum address_source {
	ADDRESS_UNKNOWN,
	ADDRESS_KERNEL,	 /* its iova, which is the address by default */
	ADDRESS_PROGRAM, /* from the program's own struct ibv_mr */
};

struct mr_address {
	const struct rdma_mr *mr; /* borrowed */
	pid_t pid;		  /* of its process, 0: nobody knows */
	enum address_source source;
	uint64_t address;
};

/*
 * Find out at which address the memory regions of a process begin, as far as
 * possible: the source of the others stays ADDRESS_UNKNOWN.
 *
 * No kernel tells it, so this reads the program's memory for the struct ibv_mr
 * with the length and the keys of each memory region.  It only reads pages that
 * are present, and changes nothing.
 *
 * 0; ESRCH; EPERM or EACCES without the right to read the memory; ENOMEM.
 */
int mr_address_find(pid_t pid, const struct proc_maps *maps,
		    struct mr_address *addresses, size_t n);
