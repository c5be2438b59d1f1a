// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Public entry points: check the arguments, then call the stages. */
#include <errno.h>
#include <string.h>

#include <infiniband/pinsafe.h>

#include "base/export.h"
#include "base/stats.h"
#include "hook/engine.h"

PINSAFE_EXPORT const char *pinsafe_version(void)
{
	return PINSAFE_VERSION;
}

PINSAFE_EXPORT int pinsafe_attach(struct ibv_context *context)
{
	return engine_attach(context);
}

PINSAFE_EXPORT int pinsafe_get_stats(struct pinsafe_stats *ret_stats,
				     size_t size)
{
	const uint64_t *from = (const uint64_t *)&stats;
	struct pinsafe_stats copy;
	uint64_t *to = (uint64_t *)&copy;
	size_t known, i;

	if (!ret_stats || size < sizeof(copy.comp_mask))
		return EINVAL;
	for (i = 0; i < sizeof(copy) / sizeof(*to); i++)
		to[i] = __atomic_load_n(&from[i], __ATOMIC_RELAXED);
	known = size < sizeof(copy) ? size : sizeof(copy);
	memcpy(ret_stats, &copy, known);
	memset((char *)ret_stats + known, 0, size - known);
	return 0;
}
