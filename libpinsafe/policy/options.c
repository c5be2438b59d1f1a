// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Options on their way through libibverbs. */
#include "policy/options.h"

static __thread const struct reg_options *current;

void options_set(const struct reg_options *options)
{
	current = options;
}

const struct reg_options *options_get(void)
{
	return current;
}
