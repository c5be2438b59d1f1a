// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* UCX's */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <ucm/api/ucm.h>

#include "hooks.h"

static void hear(ucm_event_type_t type, ucm_event_t *event, void *arg)
{
	if (type == UCM_EVENT_VM_UNMAPPED)
		hooks_hear(event->vm_unmapped.address,
			   event->vm_unmapped.size);
}

int hooks_set(void)
{
	return ucm_set_event_handler(
		UCM_EVENT_VM_MAPPED | UCM_EVENT_VM_UNMAPPED, 0, hear, NULL);
}

__attribute__((constructor)) static void set_early(void)
{
	const char *when = getenv("HOOKS_SET");

	if (when && !strcmp(when, "constructor"))
		printf("set by a constructor: %d\n", hooks_set());
}
