/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nlmsghdr;

/* A memory region as the kernel shows it */
struct rdma_mr {
	char device[64];
	uint32_t mrn; /* the kernel's number for it */
	uint32_t pdn;
	uint64_t length; /* in bytes */
	bool has_keys;	 /* only with CAP_NET_ADMIN */
	uint32_t lkey;
	uint32_t rkey;
	pid_t tid; /* the thread that registered it; 0: ended */
};

struct rdma_mrs {
	size_t n;
	struct rdma_mr *mrs; /* owned */
};

/*
 * The memory regions of all programs on all devices.  Those of the kernel are
 * left out.  Of one whose thread has ended the kernel tells no owner: then it
 * is taken from the protection domain, if that one's thread is still there.
 *
 * 0 and @ret_mrs, for rdma_mrs_put(); EPROTONOSUPPORT if the kernel has no
 * RDMA subsystem (loaded); ENOMEM; else the errno of netlink.
 */
int rdma_netlink_mrs(struct rdma_mrs *ret_mrs);

/*
 * Add the memory regions of one message of a dump.  EINVAL if it is malformed;
 * @mrs has those before it then.
 */
int rdma_netlink_parse_mrs(struct nlmsghdr *message, struct rdma_mrs *mrs);

void rdma_mrs_put(struct rdma_mrs *mrs);
