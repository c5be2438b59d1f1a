// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Mounted file systems, and what would guard their files. */
#include <errno.h>
#include <mntent.h>
#include <string.h>
#include <sys/sysmacros.h>

#include "guard_answer.h"
#include "memory/fs.h"
#include "reports.h"

/* Servers that do not answer must not hang us: not even statfs(2). */
static const char *const remote[] = {"nfs", "cifs", "smb3", "ceph",
				     "9p",  "fuse", "afs"};

/* Of a type that begins with it, as fuse.sshfs; else NULL */
static const char *remote_name(const char *type)
{
	size_t i;

	for (i = 0; i < sizeof(remote) / sizeof(remote[0]); i++)
		if (!strncmp(type, remote[i], strlen(remote[i])))
			return remote[i];
	return NULL;
}

/* "always", "inode" (each file has a flag) or "never" */
static const char *find_dax(const struct mntent *mount, dev_t dev)
{
	const char *option = hasmntopt(mount, "dax");
	bool has_dax;

	if (fs_disk_has(dev, "dax", &has_dax) || !has_dax)
		return "never";
	if (!option)
		return "inode";
	if (!strncmp(option, "dax=inode", strlen("dax=inode")))
		return "inode";
	if (!strncmp(option, "dax=never", strlen("dax=never")))
		return "never";
	return "always";
}

static bool is_seen(json_object *file_systems, const char *device)
{
	size_t i;

	for (i = 0; i < json_object_array_length(file_systems); i++)
		if (!strcmp(report_text(
				    json_object_array_get_idx(file_systems, i),
				    "block_device"),
			    device))
			return true;
	return false;
}

static bool find_facts(const struct mntent *mount, json_object *file_systems,
		       struct file_facts *ret_facts, char *ret_device, size_t size)
{
	struct file_facts facts = {.fs_name = remote_name(mount->mnt_type)};

	ret_device[0] = '\0';
	if (!facts.fs_name) {
		if (file_facts_of_path(mount->mnt_dir, 0, &facts))
			return false;
		/* Those of the kernel's own have no files that hold data. */
		if (!strcmp(facts.fs_name, "unknown") && !major(facts.dev))
			return false;
		snprintf(ret_device, size, "%02x:%02x", major(facts.dev),
			 minor(facts.dev));
		if (is_seen(file_systems, ret_device))
			return false;
	}
	facts.kind = fs_is_memory(facts.fs_magic) ? FILE_MEMORY
						  : FILE_PAGE_CACHE;
	*ret_facts = facts;
	return true;
}

static void add_mount(const struct mntent *mount,
		      const struct abilities *abilities,
		      json_object *file_systems)
{
	struct guard_answer answer;
	struct file_facts facts;
	const char *dax = "never";
	json_object *object;
	char device[32];

	if (!find_facts(mount, file_systems, &facts, device, sizeof(device)))
		return;
	if (facts.kind != FILE_MEMORY && device[0])
		dax = find_dax(mount, facts.dev);
	if (!strcmp(dax, "always"))
		facts.kind = FILE_FSDAX;

	answer = guard_answer(&(struct guard_question){
		.file = &facts,
		.path = mount->mnt_dir,
		.is_write = !hasmntopt(mount, "ro"),
		.abilities = abilities,
	});
	object = report_append(file_systems);
	report_string(object, "directory", mount->mnt_dir);
	report_string(object, "type", mount->mnt_type);
	report_words(object, "block_device", device);
	report_string(object, "dax", dax);
	report_add(object, "block_size",
		   facts.block_size ? json_object_new_int64(facts.block_size)
				    : NULL);
	report_bool(object, "read_only", hasmntopt(mount, "ro") != NULL);
	report_string(object, "guard", answer.guard);
	report_int(object, "status", answer.status);
	report_errno(object, "errno", answer.error);
	report_words(object, "reason", answer.reason);
}

int filesystems_report(const struct abilities *abilities, json_object *report)
{
	json_object *file_systems;
	struct mntent *mount;
	FILE *mounts;

	mounts = setmntent("/proc/self/mounts", "re");
	if (!mounts)
		return errno;
	file_systems = report_array(report, "file_systems");
	while ((mount = getmntent(mounts)))
		add_mount(mount, abilities, file_systems);
	endmntent(mounts);
	return 0;
}
