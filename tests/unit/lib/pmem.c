// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include "pmem.h"

struct pmem_stub pmem_stub;

static void note(struct pmem_call *call, const void *addr, size_t length)
{
	call->n++;
	call->addr = addr;
	call->length = length;
}

#ifndef PMEM_WITHOUT_IS_PMEM
PMEM_EXPORT int pmem_is_pmem(const void *addr, size_t length);

int pmem_is_pmem(const void *addr, size_t length)
{
	note(&pmem_stub.asked, addr, length);
	return pmem_stub.is_pmem;
}
#endif

#ifndef PMEM_WITHOUT_PERSIST
PMEM_EXPORT void pmem_persist(const void *addr, size_t length);

void pmem_persist(const void *addr, size_t length)
{
	note(&pmem_stub.persisted, addr, length);
}
#endif
