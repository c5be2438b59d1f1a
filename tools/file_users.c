// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Who uses a file now: leases by /proc/locks, descriptors by /proc/PID/fd. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/stat.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "proc_read.h"
#include "reports.h"

static int add_holders(const struct file_facts *file, json_object *report)
{
	json_object *holders = report_array(report, "holders"), *holder;
	struct proc_leases leases;
	char command[COMMAND_MAX];
	size_t i;
	int r;

	r = proc_read_leases(&leases);
	if (r)
		return r;
	for (i = 0; i < leases.n; i++) {
		const struct proc_lease *lease = &leases.leases[i];

		if (lease->dev != file->dev || lease->ino != file->ino)
			continue;
		proc_command(lease->pid, command);
		holder = report_append(holders);
		report_int(holder, "pid", lease->pid);
		report_string(holder, "command", command);
		report_string(holder, "lease", lease_type_name(lease->type));
		report_bool(holder, "breaking", lease->breaking);
	}
	proc_leases_put(&leases);
	return 0;
}

/* Without asking a server, which may not answer */
static bool is_file(int dir, const char *name, const struct file_facts *file)
{
	struct statx stx;

	return statx(dir, name, AT_STATX_DONT_SYNC, STATX_INO, &stx) == 0 &&
	       makedev(stx.stx_dev_major, stx.stx_dev_minor) == file->dev &&
	       stx.stx_ino == file->ino;
}

/* How often a process has the file open; the errno of looking is its business
 */
static int count_descriptors(pid_t pid, const struct file_facts *file,
			     size_t *ret_count)
{
	struct dirent *entry;
	size_t count = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	dir = opendir(path);
	if (!dir)
		return errno == ENOENT ? ESRCH : errno;
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.' &&
		    is_file(dirfd(dir), entry->d_name, file))
			count++;
	closedir(dir);
	*ret_count = count;
	return 0;
}

int file_users_report(const struct file_facts *file, json_object *report,
		      size_t *ret_openers)
{
	json_object *openers, *opener;
	bool is_complete = true;
	char command[COMMAND_MAX];
	struct dirent *entry;
	size_t count = 0, n = 0;
	DIR *proc;
	pid_t pid;
	int r;

	r = add_holders(file, report);
	if (r)
		return r;
	openers = report_array(report, "openers");
	proc = opendir("/proc");
	if (!proc)
		return errno;
	while ((entry = readdir(proc))) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = atoi(entry->d_name);
		if (pid == getpid())
			continue;
		r = count_descriptors(pid, file, &count);
		if (r && r != ESRCH)
			is_complete = false;
		if (r || !count)
			continue;
		proc_command(pid, command);
		opener = report_append(openers);
		report_int(opener, "pid", pid);
		report_string(opener, "command", command);
		report_uint(opener, "descriptors", count);
		n++;
	}
	closedir(proc);
	report_bool(report, "openers_complete", is_complete);
	*ret_openers = n;
	return 0;
}
