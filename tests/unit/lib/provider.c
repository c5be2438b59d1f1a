// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A provider's object; its name is what matters. */
#include "provider.h"

__attribute__((visibility("default"))) void *provider_op(void)
{
	return (void *)provider_op;
}
