// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <stdio.h>

#include "base/cause.h"

int cause_call(struct cause *cause, const char *call, int error)
{
	if (cause) {
		cause->kind = CAUSE_CALL;
		snprintf(cause->detail, sizeof(cause->detail), "%s", call);
	}
	return error;
}
