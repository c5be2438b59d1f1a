// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Entry points for the preload object and the provider, which have no state; those
 * about what the program itself does are in own_*.c and watch_mapped.c.
 */
#include "base/fork.h"
#include "guard.h"
#include "hook/engine.h"
#include "policy/config.h"
#include "preload/private.h"
#include "watch.h"

PINSAFE_EXPORT void pinsafe_private_set_ops(void *verbs_context,
					    const void *ops, const void *caller)
{
	wire();
	engine_set_ops(verbs_context, ops, caller);
}

PINSAFE_EXPORT void pinsafe_private_start(int pabi, bool is_asked_for)
{
	wire();
	if (!is_asked_for)
		config_set_uninvited();
	scan_start(pabi);
}

PINSAFE_EXPORT void
pinsafe_private_in_front(const struct called_function *functions, size_t n)
{
	called_set(functions, n);
}

PINSAFE_EXPORT void pinsafe_private_watch(void)
{
	wire();
	if (!config_get()->off && watch_enable())
		watch_look_back();
}

PINSAFE_EXPORT int pinsafe_private_check_pin(const void *addr, size_t length,
					     const char *entry)
{
	fork_check();
	return guard_check_pin(addr, length, entry);
}
