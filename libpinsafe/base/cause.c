// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <stdio.h>

#include "base/cause.h"

int cause_call(struct cause *cause, const char *call, int error)
{
	if (cause)
		cause_set(cause, CAUSE_CALL, call);
	return error;
}

void cause_set(struct cause *cause, enum cause_kind kind, const char *detail)
{
	cause->kind = kind;
	snprintf(cause->detail, sizeof(cause->detail), "%.*s",
		 (int)sizeof(cause->detail) - 1, detail);
}
