// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Wires the stages together where one below has to call one above: what the
 * keeper does in turn, what a child of fork(2) forgets, and what is put in front
 * of providers.
 */
#include <pthread.h>

#include "api/event_thread.h"
#include "api/last_thread.h"
#include "aside.h"
#include "base/fork.h"
#include "base/lock.h"
#include "base/log_queue.h"
#include "base/stats.h"
#include "breaker.h"
#include "disown.h"
#include "event.h"
#include "hook/engine.h"
#include "hook/real_verbs.h"
#include "hook/scan.h"
#include "keeper.h"
#include "lease.h"
#include "preload/private.h"
#include "preload/wire.h"
#include "track.h"
#include "verbs_wrap.h"
#include "watch.h"

static uint64_t look(void)
{
	uint64_t pause_ns = breaker_run();

	last_thread_look();
	own_look();
	return pause_ns;
}

static const struct keeper_work keeper_work = {
	.started = last_thread_start,
	.look = look,
	.wait = lease_wait,
};

/* In the order of the locks, see lock.h; what logs is last. */
static const struct fork_stage fork_stages[] = {
	{ real_verbs_fork_prepare, real_verbs_fork_parent,
	  real_verbs_fork_child },
	{ table_lock_fork_prepare, table_lock_fork_parent, table_lock_forget },
	{ event_fork_prepare, event_fork_parent, event_forget },
	{ keeper_fork_prepare, keeper_fork_parent, keeper_forget },
	{ log_queue_fork_prepare, log_queue_fork_parent, log_queue_forget },
	{ aside_fork_prepare, aside_fork_parent, aside_forget },
	{ .forget = lease_forget },
	{ .forget = watch_forget },
	{ .forget = event_thread_forget },
	{ .forget = last_thread_forget },
	{ .forget = stats_reset },
	{ .forget = track_make_zombies },
	{ .forget = disown_devices },
};

static const struct engine_front front = {
	.ops = &verbs_wrap_ops,
	.cmd_dereg_mr = verbs_wrap_cmd_dereg_mr,
};

static void do_wire(void)
{
	engine_set_front(&front);
	keeper_set_work(&keeper_work);
	fork_set_stages(fork_stages,
			sizeof(fork_stages) / sizeof(fork_stages[0]));
}

void wire(void)
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
