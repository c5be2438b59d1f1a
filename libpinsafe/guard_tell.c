// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What has become of a registration: counted, and said where it matters. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "base/stats.h"
#include "hook/called.h"
#include "registration.h"
#include "watch.h"

enum pinsafe_guard guard_of(const struct registration *reg)
{
	size_t i;

	if (reg->is_on_demand)
		return PINSAFE_GUARD_ODP;
	for (i = 0; i < reg->mapping.n_parts; i++)
		if (reg->choices[i].backend == &lease_ordinary)
			return PINSAFE_GUARD_LEASE;
	return PINSAFE_GUARD_LAYOUT;
}

static void count(enum pinsafe_guard guard)
{
	if (guard == PINSAFE_GUARD_UNNEEDED)
		return;
	if (guard == PINSAFE_GUARD_NONE) {
		stats_add(unprotected, 1);
		return;
	}
	stats_add(registrations, 1);
	if (guard == PINSAFE_GUARD_LAYOUT)
		stats_add(registered_layout, 1);
	else if (guard == PINSAFE_GUARD_LEASE)
		stats_add(registered_lease, 1);
	else
		stats_add(registered_odp, 1);
}

static void tell_half_guarded_part(const struct mapping_part *part,
				   const struct called_bypass *bypass)
{
	if (!once_for_file(ONCE_HALF_GUARDED, part->file.dev, part->file.ino))
		return;
	if (bypass->name)
		log_warn("guard: %s: the lease does not guard against what the program itself does to the file by %s(): in %s that is, or may be, the one of %s, and not of libpinsafe-preload.so; preload pinsafe first, or turn off what replaces it",
			 part->file.path, bypass->name, bypass->caller,
			 bypass->callee);
	else
		log_warn("guard: %s: the lease guards against other processes only: without libpinsafe-preload.so nobody sees the program itself truncate the file or punch holes into it, nor fsync(2) what a device wrote",
			 part->file.path);
}

/*
 * An ordinary lease is not broken by what is done through the descriptor that
 * has it, and without the preload object nobody tells us of that.
 */
static void tell_half_guarded(const struct registration *reg)
{
	struct called_bypass bypass = { .name = NULL };
	size_t i;

	/* Without the memory to look: the next registration is soon enough. */
	if (watch_is_enabled() && (called_is_sure(CALLED_FILES, &bypass) ||
				   !bypass.name))
		return;
	for (i = 0; i < reg->mapping.n_parts; i++)
		if (reg->choices[i].backend == &lease_ordinary)
			tell_half_guarded_part(&reg->mapping.parts[i],
					       &bypass);
}

/* The module has one for its file system, but not for who asked. */
static void tell_ordinary(const struct mapping_part *part,
			  const struct choice *choice)
{
	int r = choice->no_layout;

	if (!r || r == EOPNOTSUPP || choice->backend != &lease_ordinary ||
	    !once_for_file(ONCE_ORDINARY, part->file.dev, part->file.ino))
		return;
	log_warn("guard: %s: under an ordinary lease, which whoever opens the file breaks: it cannot be opened for a layout lease: %s",
		 part->file.path,
		 r == ENOENT ? "it is not to be found by its path, or there is no /proc" : strerror(r));
}

void guard_tell(const struct registration *reg, enum pinsafe_guard guard)
{
	size_t i;

	if (reg->options && reg->options->check) {
		reg->options->check->guard = guard;
		return;
	}
	count(guard);
	if (guard != PINSAFE_GUARD_LEASE)
		return;
	for (i = 0; i < reg->mapping.n_parts; i++)
		tell_ordinary(&reg->mapping.parts[i], &reg->choices[i]);
	tell_half_guarded(reg);
}
