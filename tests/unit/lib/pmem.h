/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* libpmem.so.1 of the test, which writes down what it is asked for */
#pragma once

#include <stddef.h>

#define PMEM_EXPORT __attribute__((visibility("default")))

struct pmem_call {
	unsigned int n;
	const void *addr; /* of the last one */
	size_t length;
};

struct pmem_stub {
	int is_pmem; /* what pmem_is_pmem() says */
	struct pmem_call asked, persisted;
};

extern struct pmem_stub pmem_stub PMEM_EXPORT;
