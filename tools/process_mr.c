// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* One memory region: the files under it, and the leases on them. */
#include "file_facts.h"
#include "process_mr.h"
#include "rdma_netlink.h"

enum state { NO_FILE, GUARDED, BREAKING, NOT_GUARDED, UNKNOWN };

static const char *const state_names[] = {
	[NO_FILE] = "no-file",	 [GUARDED] = "guarded",
	[BREAKING] = "breaking", [NOT_GUARDED] = "not-guarded",
	[UNKNOWN] = "unknown",
};

static bool has_lease(const struct proc_leases *leases,
		      const struct proc_map *map, enum file_kind kind,
		      pid_t pid, const struct proc_lease **ret_lease)
{
	const struct proc_lease *lease = leases->leases;
	size_t i;

	for (i = 0; i < leases->n; i++, lease++) {
		if (lease->dev != map->dev || lease->ino != map->ino ||
		    (pid && lease->pid != pid))
			continue;
		/* Only a layout lease is broken by all that frees blocks. */
		if (kind == FILE_FSDAX && lease->type != LEASE_LAYOUT)
			continue;
		*ret_lease = lease;
		return true;
	}
	return false;
}

/* Which lease of this process is on the file, and on whose descriptor */
static const char *find_lease(const struct process *process,
			      const struct proc_map *map, enum file_kind kind,
			      const struct proc_lease **ret_lease)
{
	if (has_lease(&process->keeper_leases, map, kind, 0, ret_lease))
		return "keeper";
	if (has_lease(&process->own_leases, map, kind, 0, ret_lease))
		return "program";
	if (has_lease(process->all_leases, map, kind, process->pid, ret_lease))
		return "unknown";
	return NULL;
}

static enum state add_part(const struct process *process,
			   const struct proc_map *map, uint64_t start,
			   uint64_t end, json_object *parts, bool *needs_guard)
{
	const struct proc_lease *lease = NULL;
	json_object *part = report_append(parts);
	struct file_facts facts;
	const char *holder = NULL;
	enum state state = NO_FILE;

	file_facts_of_map(process->pid, map, &facts);
	report_hex(part, "address", start);
	report_uint(part, "length", end - start);
	report_string(part, "kind", file_kind_name(facts.kind));
	report_bool(part, "writable", map->writable);
	if (facts.kind == FILE_NONE)
		return NO_FILE;

	report_string(part, "path", map->path);
	report_string(part, "file_system", facts.fs_name);
	report_device(part, "block_device", map->dev);
	report_uint(part, "inode", map->ino);
	report_uint(part, "offset", map->offset + (start - map->start));
	if (facts.kind == FILE_DEVICE)
		return NO_FILE;

	holder = find_lease(process, map, facts.kind, &lease);
	report_string(part, "lease",
		      lease ? lease_type_name(lease->type) : NULL);
	report_string(part, "lease_holder", holder);
	if (lease)
		state = lease->breaking ? BREAKING : GUARDED;
	else
		state = NOT_GUARDED;
	report_bool(part, "breaking", state == BREAKING);
	/* All others have no blocks that could be taken back. */
	*needs_guard |= facts.kind != FILE_MEMORY;
	return state;
}

/* The worst of its parts; memory that is not mapped any more has none. */
static enum state add_parts(const struct process *process, uint64_t start,
			    uint64_t end, json_object *parts, bool *needs_guard)
{
	const struct proc_map *map = process->maps.maps;
	enum state state = NO_FILE, worst = NO_FILE;
	size_t i;

	for (i = 0; i < process->maps.n; i++, map++) {
		if (map->end <= start || map->start >= end)
			continue;
		state = add_part(
			process, map, map->start > start ? map->start : start,
			map->end < end ? map->end : end, parts, needs_guard);
		if (state > worst)
			worst = state;
	}
	return worst;
}

static enum status status_of(enum state state, bool needs_guard)
{
	switch (state) {
	case NO_FILE:
	case GUARDED:
	case BREAKING:
		break;
	case NOT_GUARDED:
		return needs_guard ? STATUS_REFUSED : STATUS_UNPROTECTED;
	case UNKNOWN:
		return STATUS_ERROR;
	}
	return STATUS_PROTECTED;
}

enum status process_add_mr(const struct process *process,
			   const struct mr_address *address, json_object *mrs)
{
	static const char *const sources[] = {
		[ADDRESS_UNKNOWN] = NULL,
		[ADDRESS_KERNEL] = "kernel",
		[ADDRESS_PROGRAM] = "program",
	};
	const struct rdma_mr *mr = address->mr;
	json_object *object = report_append(mrs), *parts;
	enum state state = UNKNOWN;
	bool needs_guard = false;

	report_string(object, "device", mr->device);
	report_uint(object, "mrn", mr->mrn);
	report_uint(object, "length", mr->length);
	if (mr->has_keys) {
		report_hex(object, "lkey", mr->lkey);
		report_hex(object, "rkey", mr->rkey);
	} else {
		report_string(object, "lkey", NULL);
		report_string(object, "rkey", NULL);
	}
	if (address->source == ADDRESS_UNKNOWN)
		report_string(object, "address", NULL);
	else
		report_hex(object, "address", address->address);
	report_string(object, "address_from", sources[address->source]);
	parts = report_array(object, "parts");
	if (address->source != ADDRESS_UNKNOWN)
		state = add_parts(process, address->address,
				  address->address + mr->length, parts,
				  &needs_guard);
	if (address->source != ADDRESS_UNKNOWN &&
	    !json_object_array_length(parts)) {
		state = UNKNOWN;
		report_note(
			process->notes,
			"a memory region is not mapped any more: what is under it cannot be told");
	}
	report_string(object, "state", state_names[state]);
	report_bool(object, "needs_guard", needs_guard);
	return status_of(state, needs_guard);
}
