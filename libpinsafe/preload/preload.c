// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * libpinsafe-preload.so: every provider that opens a device under LD_PRELOAD
 * comes by here.  The name has no version, so that it stands for the one of any
 * private ABI of libibverbs.
 */
#include "preload/private.h"

/* libibverbs/driver.h, which is not installed */
PINSAFE_EXPORT void verbs_set_ops(void *verbs_context, const void *ops);

/* scan.c, which may come before us */
PINSAFE_EXPORT void pinsafe_preload_watch(void);

void pinsafe_preload_watch(void)
{
	pinsafe_private_watch();
}

void verbs_set_ops(void *verbs_context, const void *ops)
{
	pinsafe_private_watch();
	pinsafe_private_set_ops(verbs_context, ops,
				__builtin_return_address(0));
}
