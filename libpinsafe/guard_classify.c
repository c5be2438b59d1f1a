// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Classify: which files are under the memory, and are they still? */
#include <errno.h>
#include <unistd.h>

#include "guard.h"
#include "keeper.h"
#include "refusal/refusal.h"
#include "registration.h"

struct classify_args {
	const void *addr;
	size_t length;
	pid_t tid;
	struct mapping *mapping;
};

static int classify_with(void *arg)
{
	struct classify_args *args = arg;

	return mapping_classify((uintptr_t)args->addr, args->length, args->tid,
				args->mapping);
}

static int find_files(const void *addr, size_t length,
		      struct mapping *ret_mapping)
{
	struct classify_args args = { addr, length, gettid(), ret_mapping };

	return keeper_call_if_full(classify_with, &args);
}

int guard_classify(const void *addr, size_t length, struct mapping *ret_mapping)
{
	int r = find_files(addr, length, ret_mapping);

	if (r)
		refusal_no_maps(r);
	return r;
}

int guard_look_for_files(const struct registration *reg, bool *ret_are_there)
{
	struct mapping now;
	SECTION(section);
	int r = find_files(reg->addr, reg->length, &now);

	if (r)
		return r;
	*ret_are_there = now.n_parts;
	mapping_put(&now);
	return 0;
}

bool guard_is_replaced(struct registration *reg)
{
	bool is_replaced;
	struct mapping now;

	if (find_files(reg->addr, reg->length, &now))
		return false;
	is_replaced = !mapping_equal(&reg->mapping, &now);
	mapping_put(&now);
	if (is_replaced)
		reg->cause.kind = CAUSE_REPLACED;
	return is_replaced;
}

int guard_look_again(const struct registration *reg)
{
	struct mapping now;
	int r;

	/* What is on demand has no lease by which its files would stay. */
	if (!reg->is_on_demand &&
	    mapping_is_still_there(&reg->mapping, (uintptr_t)reg->addr,
				   reg->length))
		return 0;
	r = guard_classify(reg->addr, reg->length, &now);
	if (r)
		return r;
	r = mapping_equal(&reg->mapping, &now) ? 0 : EAGAIN;
	mapping_put(&now);
	return r;
}
