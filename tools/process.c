// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The join: memory regions by RDMA netlink, where they are by mr_address.c, the
 * files there by /proc/PID/maps, the leases by /proc/locks and fdinfo.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "proc_read.h"
#include "process.h"
#include "process_mr.h"
#include "rdma_netlink.h"

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
		char device[32];

		if (lease->pid != process->pid)
			continue;
		for (k = 0; k < process->maps.n; k++, map++)
			if (map->dev == lease->dev && map->ino == lease->ino)
				path = map->path;
		object = report_append(array);
		snprintf(device, sizeof(device), "%02x:%02x", major(lease->dev),
			 minor(lease->dev));
		report_string(object, "type", lease_type_name(lease->type));
		report_bool(object, "breaking", lease->breaking);
		report_string(object, "block_device", device);
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

	for (i = 0; i < n; i++) {
		if (!addresses[i].mr->has_iova)
			continue;
		addresses[i].address = addresses[i].mr->iova;
		addresses[i].source = ADDRESS_KERNEL;
	}
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
	for (i = 0; i < n; i++)
		if (addresses[i].source == ADDRESS_UNKNOWN)
			break;
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

/* A memory region and its process, 0 if nobody knows it */
struct owned_mr {
	pid_t pid;
	struct mr_address address;
};

static int by_pid(const void *a, const void *b)
{
	const struct owned_mr *x = a, *y = b;

	if (x->pid != y->pid)
		return x->pid < y->pid ? -1 : 1;
	/* The kernel's order, which is stable */
	return x->address.mr < y->address.mr ? -1 : 1;
}

/* Those of nobody: their threads, and the threads of their PDs, have ended */
static enum status add_orphans(const struct owned_mr *owned, size_t n,
			       json_object *report)
{
	struct process process = {.notes = json_object_new_array()};
	json_object *orphans = report_array(report, "orphans");
	enum status status = STATUS_PROTECTED;
	size_t i;

	for (i = 0; i < n && !owned[i].pid; i++)
		status = worse_status(
			status,
			process_add_mr(&process, &owned[i].address, orphans));
	json_object_put(process.notes);
	return status;
}

static int add_processes(pid_t pid, struct owned_mr *owned, size_t n,
			 const struct proc_leases *leases, json_object *report,
			 enum status *ret_status)
{
	json_object *processes = report_array(report, "processes");
	enum status status = STATUS_PROTECTED;
	struct mr_address *addresses;
	size_t i, k, count;
	bool is_found = false;
	int r = 0;

	if (!pid)
		status = add_orphans(owned, n, report);
	addresses = calloc(n ? n : 1, sizeof(*addresses));
	if (!addresses)
		return ENOMEM;
	for (i = 0; !r && i < n; i += count) {
		for (count = 0;
		     i + count < n && owned[i + count].pid == owned[i].pid;
		     count++)
			addresses[count] = owned[i + count].address;
		if (!owned[i].pid || (pid && owned[i].pid != pid))
			continue;
		is_found = true;
		r = add_process(owned[i].pid, leases, addresses, count,
				processes, &status);
		/* It ended while we looked at it, so it has none. */
		if (r == ESRCH && !pid)
			r = 0;
		for (k = 0; k < count; k++)
			owned[i + k].address = addresses[k];
	}
	if (!r && pid && !is_found)
		r = add_process(pid, leases, addresses, 0, processes, &status);
	free(addresses);
	if (!r)
		*ret_status = status;
	return r;
}

static int own_mrs(const struct rdma_mrs *mrs, const char *device,
		   struct owned_mr **ret_owned, size_t *ret_n)
{
	struct owned_mr *owned;
	size_t i, n = 0;

	owned = calloc(mrs->n ? mrs->n : 1, sizeof(*owned));
	if (!owned)
		return ENOMEM;
	for (i = 0; i < mrs->n; i++) {
		if (device && strcmp(mrs->mrs[i].device, device))
			continue;
		owned[n].address.mr = &mrs->mrs[i];
		if (mrs->mrs[i].tid &&
		    proc_process_of(mrs->mrs[i].tid, &owned[n].pid))
			owned[n].pid = 0;
		n++;
	}
	qsort(owned, n, sizeof(*owned), by_pid);
	*ret_owned = owned;
	*ret_n = n;
	return 0;
}

int process_report(pid_t pid, const char *device, json_object *report,
		   enum status *ret_status)
{
	struct proc_leases leases = {0};
	struct rdma_mrs mrs = {0};
	struct owned_mr *owned;
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
	r = own_mrs(&mrs, device, &owned, &n);
	if (r)
		goto put_leases;
	report_bool(report, "keys", n && owned[0].address.mr->has_keys);
	r = add_processes(pid, owned, n, &leases, report, ret_status);
	free(owned);
put_leases:
	proc_leases_put(&leases);
put_mrs:
	rdma_mrs_put(&mrs);
	return r;
}
