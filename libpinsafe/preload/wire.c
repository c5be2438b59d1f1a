// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Wires the stages together where one below has to call one above: what the
 * keeper does in turn, what a child of fork(2) forgets, and what is put in front
 * of providers.  And entry points for the preload object and the provider, but
 * for those of own_*.c and watch_mapped.c about what the program itself does.
 */
#include <pthread.h>

#include "api/api.h"
#include "aside.h"
#include "base/fork.h"
#include "base/lock.h"
#include "base/log.h"
#include "base/scratch.h"
#include "base/stats.h"
#include "device.h"
#include "event.h"
#include "guard.h"
#include "hook/engine.h"
#include "hook/real_verbs.h"
#include "keeper.h"
#include "lease.h"
#include "machine/pin_count.h"
#include "policy/config.h"
#include "preload/private.h"
#include "registration.h"
#include "revoke.h"
#include "track.h"
#include "verbs_wrap.h"
#include "watch.h"

static uint64_t look(void)
{
	uint64_t pause_ns = revoke_broken();

	last_thread_look();
	own_look();
	return pause_ns;
}

static const struct keeper_work keeper_work = {
	.started = last_thread_start,
	.look = look,
	.wait = lease_wait,
};

/* What logs is last. */
static fork_forget *const fork_stages[] = {
	scratch_forget,
	event_forget,	   keeper_forget,	keeper_give_forget,
	log_queue_forget,  aside_forget,	lease_forget,
	watch_forget,	   event_thread_forget, last_thread_forget,
	stats_reset,	   track_make_zombies,	disown_devices,
	guard_alias_kept_forget, pin_count_forget,
};

static const struct engine_front front = {
	.ops = &verbs_wrap_ops,
	.cmd_dereg_mr = verbs_wrap_cmd_dereg_mr,
};

static void do_wire(void)
{
	engine_set_front(&front);
	keeper_set_work(&keeper_work);
	lease_set_gone(guard_alias_kept_release);
	fork_set_stages(fork_stages,
			sizeof(fork_stages) / sizeof(fork_stages[0]));
}

/* At load, and by what may be called before that, by constructors of others */
static void wire(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, do_wire);
}

/*
 * After that of log_file.c, which notes what standard error is.  The environment
 * is not read yet: the program may still change it, and the engine looks at it
 * for each context.
 */
__attribute__((constructor)) static void start(void)
{
	wire();
	scan_start(0);
}

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
