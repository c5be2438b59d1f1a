/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdint.h>

#define PORT "7473"

/*
 * The only message, from the server to each client once there is a file: where
 * to read it.  Big endian.  The client reads by RDMA READ, as often as it
 * likes, and disconnects.  If a read fails or the connection ends, the file is
 * not that one any more: the client forgets what it has read, connects again,
 * and waits.
 */
struct offer {
	uint64_t addr;
	uint64_t length;
	uint32_t rkey;
} __attribute__((packed));

#endif /* PROTOCOL_H */
