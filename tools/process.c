// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The join: memory regions by RDMA netlink, where they are by mr_address.c, the
 * files there by /proc/PID/maps, the leases by /proc/locks and fdinfo.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proc_read.h"
#include "process_mr.h"
#include "rdma_netlink.h"
#include "reports.h"

#define KEEPER "pinsafe-keeper"

static void add_leases(struct process *process)
{
	json_object *array = report_array(process->report, "leases");
	size_t i, k;

	for (i = 0; i < process->all_leases->n; i++) {
		const struct proc_lease *lease =
			&process->all_leases->leases[i];
		const struct proc_map *map = process->maps.maps;
		json_object *object;
		const char *path = NULL;

		if (lease->pid != process->pid)
			continue;
		for (k = 0; k < process->maps.n; k++, map++)
			if (map->dev == lease->dev && map->ino == lease->ino)
				path = map->path;
		object = report_append(array);
		report_string(object, "type", lease_type_name(lease->type));
		report_bool(object, "breaking", lease->breaking);
		report_device(object, "block_device", lease->dev);
		report_uint(object, "inode", lease->ino);
		report_string(object, "path", path);
	}
}

static void add_pinsafe(struct process *process)
{
	bool is_loaded = false;
	pid_t tid;
	size_t i;
	int r;

	for (i = 0; i < process->maps.n; i++)
		is_loaded |= strstr(process->maps.maps[i].path,
				    "/libpinsafe.so") != NULL;
	report_bool(process->report, "pinsafe", is_loaded);
	if (proc_find_thread(process->pid, KEEPER, &tid)) {
		report_string(process->report, "keeper_tid", NULL);
	} else {
		report_int(process->report, "keeper_tid", tid);
		r = proc_add_fd_leases(process->pid, tid,
				       &process->keeper_leases);
		if (r == EACCES || r == EPERM)
			report_note(
				process->notes,
				"the keeper's descriptors cannot be read: leases are those of /proc/locks");
	}
	proc_add_fd_leases(process->pid, process->pid, &process->own_leases);
}

static int find_addresses(struct process *process, struct mr_address *addresses,
			  size_t n)
{
	char note[200];
	size_t i;
	int r;

	r = n ? mr_address_find(process->pid, &process->maps, addresses, n) : 0;
	if (r == ESRCH || r == ENOMEM)
		return r;
	if (r) {
		snprintf(
			note, sizeof(note),
			"the program's memory cannot be read (%s), so the addresses of its memory regions stay unknown; run as root",
			strerrorname_np(r));
		report_note(process->notes, note);
		return 0;
	}
	for (i = 0; i < n && addresses[i].is_known; i++)
		;
	if (i < n)
		report_note(
			process->notes,
			"address unknown: the kernel does not tell it, and the program has no struct ibv_mr for it");
	return 0;
}

static int add_process(pid_t pid, const struct proc_leases *leases,
		       struct mr_address *addresses, size_t n,
		       json_object *processes, enum status *status)
{
	struct process process = {.pid = pid, .all_leases = leases};
	char command[COMMAND_MAX], note[100];
	json_object *mrs;
	size_t i;
	int r;

	process.report = json_object_new_object();
	proc_command(pid, command);
	report_int(process.report, "pid", pid);
	report_string(process.report, "command", command);
	process.notes = json_object_new_array();
	r = proc_read_maps(pid, &process.maps);
	if (r == ESRCH || r == ENOMEM)
		goto out;
	if (r) {
		snprintf(
			note, sizeof(note),
			"its mappings cannot be read (%s): run as root or as its user",
			strerrorname_np(r));
		report_note(process.notes, note);
		report_string(process.report, "pinsafe", NULL);
		report_string(process.report, "keeper_tid", NULL);
		r = 0;
	} else {
		add_pinsafe(&process);
		r = find_addresses(&process, addresses, n);
		if (r)
			goto out;
	}
	mrs = report_array(process.report, "mrs");
	for (i = 0; i < n; i++)
		*status = worse_status(*status,
				       process_add_mr(&process, &addresses[i],
						      mrs));
	add_leases(&process);
	report_add(process.report, "notes", json_object_get(process.notes));
	json_object_array_add(processes, json_object_get(process.report));
out:
	proc_leases_put(&process.own_leases);
	proc_leases_put(&process.keeper_leases);
	proc_maps_put(&process.maps);
	json_object_put(process.notes);
	json_object_put(process.report);
	return r;
}

static int by_pid(const void *a, const void *b)
{
	const struct mr_address *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	/* The kernel's order, which is stable */
	return x->mr < y->mr ? -1 : 1;
}

/* Those of nobody: their threads, and the threads of their PDs, have ended */
static enum status add_orphans(const struct mr_address *addresses, size_t n,
			       json_object *report)
{
	struct process process = {.notes = json_object_new_array()};
	json_object *orphans = report_array(report, "orphans");
	enum status status = STATUS_PROTECTED;
	size_t i;

	for (i = 0; i < n && !addresses[i].pid; i++)
		status = worse_status(status, process_add_mr(&process,
							     &addresses[i],
							     orphans));
	json_object_put(process.notes);
	return status;
}

static int add_all(const struct proc_leases *leases,
		   struct mr_address *addresses, size_t n, json_object *report,
		   json_object *processes, enum status *status)
{
	size_t i, count;
	int r;

	*status = add_orphans(addresses, n, report);
	for (i = 0; i < n; i += count) {
		pid_t pid = addresses[i].pid;

		for (count = 1; i + count < n && addresses[i + count].pid == pid;
		     count++)
			;
		if (!pid)
			continue;
		r = add_process(pid, leases, &addresses[i], count, processes,
				status);
		/* It ended while we looked at it, so it has none. */
		if (r && r != ESRCH)
			return r;
	}
	return 0;
}

/* Those of process @pid, of all if it is 0, by process */
static int find_mrs(const struct rdma_mrs *mrs, pid_t pid, const char *device,
		    struct mr_address **ret_addresses, size_t *ret_n)
{
	struct mr_address *addresses = calloc(mrs->n + 1, sizeof(*addresses));
	size_t i, n = 0;

	if (!addresses)
		return ENOMEM;
	for (i = 0; i < mrs->n; i++) {
		const struct rdma_mr *mr = &mrs->mrs[i];
		pid_t owner = mr->tid ? proc_process_of(mr->tid) : 0;

		if ((device && strcmp(mr->device, device)) ||
		    (pid && owner != pid))
			continue;
		addresses[n++] = (struct mr_address){.mr = mr, .pid = owner};
	}
	qsort(addresses, n, sizeof(*addresses), by_pid);
	*ret_addresses = addresses;
	*ret_n = n;
	return 0;
}

int process_report(pid_t pid, const char *device, json_object *report,
		   enum status *ret_status)
{
	enum status status = STATUS_PROTECTED;
	struct proc_leases leases = {0};
	struct mr_address *addresses;
	struct rdma_mrs mrs = {0};
	json_object *processes;
	size_t n;
	int r;

	/* Who has no RDMA subsystem has no memory regions. */
	r = rdma_netlink_mrs(&mrs);
	if (r && r != EPROTONOSUPPORT)
		return r;
	report_bool(report, "rdma", r != EPROTONOSUPPORT);
	r = proc_read_leases(&leases);
	if (r)
		goto put_mrs;
	r = find_mrs(&mrs, pid, device, &addresses, &n);
	if (r)
		goto put_leases;
	report_bool(report, "keys", mrs.n && mrs.mrs[0].has_keys);
	processes = report_array(report, "processes");
	r = pid ? add_process(pid, &leases, addresses, n, processes, &status)
		: add_all(&leases, addresses, n, report, processes, &status);
	if (!r)
		*ret_status = status;
	free(addresses);
put_leases:
	proc_leases_put(&leases);
put_mrs:
	rdma_mrs_put(&mrs);
	return r;
}
