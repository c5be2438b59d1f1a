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

/* One on the file that guards it; @pid: of this process only, or 0 */
static const struct proc_lease *find_in(const struct proc_leases *leases,
					const struct proc_map *map,
					enum file_kind kind, pid_t pid)
{
	const struct proc_lease *lease = leases->leases;
	size_t i;

	for (i = 0; i < leases->n; i++, lease++)
		if (lease->dev == map->dev && lease->ino == map->ino &&
		    (!pid || lease->pid == pid) &&
		    /* Only a layout lease is broken by all that frees blocks. */
		    (kind != FILE_FSDAX || lease->type == LEASE_LAYOUT))
			return lease;
	return NULL;
}

/* Which lease of this process is on the file, and on whose descriptor */
static const struct proc_lease *find_lease(const struct process *process,
					   const struct proc_map *map,
					   enum file_kind kind,
					   const char **ret_holder)
{
	const struct proc_lease *lease;

	*ret_holder = "keeper";
	lease = find_in(&process->keeper_leases, map, kind, 0);
	if (lease)
		return lease;
	*ret_holder = "program";
	lease = find_in(&process->own_leases, map, kind, 0);
	if (lease)
		return lease;
	lease = find_in(process->all_leases, map, kind, process->pid);
	*ret_holder = lease ? "unknown" : NULL;
	return lease;
}

static enum state add_part(const struct process *process,
			   const struct proc_map *map, uint64_t start,
			   uint64_t end, json_object *parts, bool *needs_guard)
{
	const struct proc_lease *lease;
	json_object *part = report_append(parts);
	struct file_facts facts;
	const char *holder;
	enum state state = NOT_GUARDED;

	file_facts_of_map(process->pid, map, &facts);
	report_hex(part, "address", true, start);
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

	lease = find_lease(process, map, facts.kind, &holder);
	report_string(part, "lease",
		      lease ? lease_type_name(lease->type) : NULL);
	report_string(part, "lease_holder", holder);
	if (lease)
		state = lease->breaking ? BREAKING : GUARDED;
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
	if (state == UNKNOWN)
		return STATUS_ERROR;
	if (state != NOT_GUARDED)
		return STATUS_PROTECTED;
	return needs_guard ? STATUS_REFUSED : STATUS_UNPROTECTED;
}

enum status process_add_mr(const struct process *process,
			   const struct mr_address *address, json_object *mrs)
{
	const struct rdma_mr *mr = address->mr;
	json_object *object = report_append(mrs), *parts;
	enum state state = UNKNOWN;
	bool needs_guard = false;

	report_string(object, "device", mr->device);
	report_uint(object, "mrn", mr->mrn);
	report_uint(object, "length", mr->length);
	report_hex(object, "lkey", mr->has_keys, mr->lkey);
	report_hex(object, "rkey", mr->has_keys, mr->rkey);
	report_hex(object, "address", address->is_known, address->address);
	parts = report_array(object, "parts");
	if (address->is_known)
		state = add_parts(process, address->address,
				  address->address + mr->length, parts,
				  &needs_guard);
	if (address->is_known && !json_object_array_length(parts)) {
		state = UNKNOWN;
		report_note(
			process->notes,
			"a memory region is not mapped any more: what is under it cannot be told");
	}
	report_string(object, "state", state_names[state]);
	report_bool(object, "needs_guard", needs_guard);
	return status_of(state, needs_guard);
}
