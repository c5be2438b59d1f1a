// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * How guarded memory regions end: by ibv_dereg_mr(), and with their context.
 * The kernel's MR goes first and the leases last.
 */
#include <errno.h>

#include "device.h"
#include "guard.h"
#include "keeper.h"
#include "lease.h"
#include "memory/redirty.h"
#include "retired.h"
#include "revoke.h"
#include "track.h"

/* The keeper cannot revoke it meanwhile, so its leases must not wait longer. */
static uint64_t last_call_ns(void *arg)
{
	const struct guarded_mr *gmr = arg;

	return lease_last_call_ns(gmr->leases, gmr->n_leases);
}

void guard_redirty(struct guarded_mr *gmr)
{
	const struct redirty_limit limit = { last_call_ns, gmr };

	if (track_is_written(gmr))
		redirty(gmr->ranges, gmr->n_ranges, &limit);
}

/* Whose deregistration this thread is in, and in the section of that */
static __thread const struct ibv_mr *in_dereg_of;

bool guard_is_in_dereg_of(const struct ibv_mr *mr)
{
	return mr == in_dereg_of;
}

static int dereg_guarded(const struct real_verbs *real, struct guarded_mr *gmr)
{
	size_t n_leases;
	int r;

	guard_redirty(gmr);
	/* For a zombie verbs_wrap.c keeps this from reaching the kernel. */
	in_dereg_of = gmr->mr;
	r = real->dereg_mr(gmr->mr);
	in_dereg_of = NULL;
	if (r) {
		track_keep(gmr);
		return r;
	}
	n_leases = track_remove(gmr);
	guard_put_leases(gmr, n_leases);
	track_free(gmr);
	return 0;
}

int guard_dereg_mr(const struct real_verbs *real, struct ibv_mr *mr)
{
	struct guarded_mr *gmr;
	int r;

	if (track_may_have(mr)) {
		SECTION(section);
		r = track_begin_dereg(mr, &gmr);
		if (r != ENOENT)
			return r ?: dereg_guarded(real, gmr);
	}
	return real->dereg_mr(mr);
}

struct close_args {
	struct ibv_context *context;
	struct guarded_mr *alive;
};

static int close_on_keeper(void *arg)
{
	struct close_args *args = arg;

	revoke_context(args->context);
	args->alive = track_detach_context(args->context);
	device_drop(args->context);
	return 0;
}

/* Here the memory regions go first, then the context, and leases last. */
void guard_free_context(const struct real_verbs *real,
			struct ibv_context *context)
{
	struct close_args args = { .context = context };
	struct real_device device;
	struct guarded_mr *gmr;
	SECTION(section);

	if (!real_verbs_get_device(context, &device))
		(void)keeper_call(close_on_keeper, &args);
	real_verbs_remove(context);
	retired_forget(context);
	real->free_context(context);
	while ((gmr = args.alive)) {
		args.alive = gmr->next;
		guard_put_leases(gmr, gmr->n_leases);
		track_free(gmr);
	}
}
