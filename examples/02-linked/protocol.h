/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#ifndef PROTOCOL_H
#define PROTOCOL_H

#include <stdint.h>

#define PORT "7472"

/*
 * The private data of an accepted connection: where the sender may write.  Big
 * endian.  The sender writes the whole file and then sends an empty message;
 * an empty message back says that the file is complete and durable.  If the
 * connection ends before, it connects again and starts over.
 */
struct offer {
	uint64_t addr;
	uint64_t length;
	uint32_t rkey;
} __attribute__((packed));

#endif /* PROTOCOL_H */
