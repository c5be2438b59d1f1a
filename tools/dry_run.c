// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The dry run: what this file and this user are like, and what the library says
 * to that.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guard_answer.h"
#include "reports.h"

/* Those of a user name space count neither for leases nor for pinned memory. */
static bool is_in_first_user_ns(void)
{
	unsigned int inside, outside, n;
	FILE *file = fopen("/proc/self/uid_map", "re");
	int found;

	if (!file) /* The kernel has no user name spaces. */
		return true;
	found = fscanf(file, "%u %u %u", &inside, &outside, &n);
	fclose(file);
	return found == 3 && !inside && !outside && n == UINT_MAX;
}

static bool has_capability(unsigned int capability)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3,
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = {0};

	if (!is_in_first_user_ns() || syscall(SYS_capget, &header, data))
		return false;
	return data[capability / 32].effective & (1U << (capability % 32));
}

/* Mapping it comes first: no registration is ever asked for. */
static void cannot_map(struct guard_answer *answer, int error)
{
	const char *reason, *remedy;

	switch (error) {
	case EROFS:
		reason = "the file system is mounted read-only, so that nothing can be written through a mapping of the file";
		remedy = "mount it for writing, or try --access=read";
		break;
	case EPERM: /* fs/namei.c:inode_permission() */
		reason = "the file is immutable, so that nothing can be written through a mapping of it";
		remedy = "turn that off (chattr -i), or try --access=read";
		break;
	default:
		reason = "you may not open the file this way, so it cannot be mapped";
		remedy = "change its permissions, or try --access=read";
	}
	*answer = (struct guard_answer){
		.status = STATUS_REFUSED,
		.guard = "none",
		.error = error,
	};
	strcpy(answer->reason, reason);
	strcpy(answer->remedy, remedy);
}

static bool is_beyond_end(const struct options *options,
			  const struct file_facts *file, uint64_t length)
{
	uint64_t page_size = sysconf(_SC_PAGESIZE), end;

	/* The rest of the last page can be mapped, too. */
	end = (file->size + page_size - 1) / page_size * page_size;
	return options->offset > end || length > end - options->offset ||
	       !length;
}

static bool is_over_limit(uint64_t length)
{
	struct rlimit limit;

	return !getrlimit(RLIMIT_MEMLOCK, &limit) && length > limit.rlim_cur &&
	       !has_capability(CAP_IPC_LOCK);
}

static void find_answer(const struct options *options,
			const struct abilities *abilities,
			const struct file_facts *file, uint64_t length,
			size_t openers, struct guard_answer *ret_answer)
{
	int mode = options->is_write ? R_OK | W_OK : R_OK;
	char path[PATH_MAX];

	/* The policy is for the path that a mapping would have. */
	if (!realpath(options->what, path))
		snprintf(path, sizeof(path), "%s", options->what);
	*ret_answer = guard_answer(&(struct guard_question){
		.file = file,
		.path = path,
		.is_write = options->is_write,
		.abilities = abilities,
		.is_others =
			file->uid != geteuid() && !has_capability(CAP_LEASE),
		.is_open = openers,
		.is_too_far = is_beyond_end(options, file, length),
		.is_too_big = is_over_limit(length),
	});
	if (faccessat(AT_FDCWD, options->what, mode, AT_EACCESS))
		cannot_map(ret_answer, errno);
}

static void report_file(const struct options *options,
			const struct file_facts *file, json_object *report)
{
	json_object *to = report_object(report, "file");

	report_string(to, "path", options->what);
	report_string(to, "kind", file_kind_name(file->kind));
	report_string(to, "file_system", file->fs_name);
	report_device(to, "block_device", file->dev);
	report_uint(to, "inode", file->ino);
	report_uint(to, "size", file->size);
	report_uint(to, "uid", file->uid);
}

static void report_answer(const struct guard_answer *answer,
			  json_object *report)
{
	static const char *const verdicts[] = {
		[STATUS_PROTECTED] = "protected",
		[STATUS_REFUSED] = "refused",
		[STATUS_UNPROTECTED] = "unprotected",
	};

	report_string(report, "verdict", verdicts[answer->status]);
	report_string(report, "guard", answer->guard);
	report_errno(report, "errno", answer->error);
	report_words(report, "reason", answer->reason);
	report_words(report, "remedy", answer->remedy);
}

static void report_request(const struct options *options, uint64_t length,
			   json_object *report)
{
	json_object *to = report_object(report, "request");

	report_uint(to, "offset", options->offset);
	report_uint(to, "length", length);
	report_string(to, "access", options->is_write ? "write" : "read");
}

int dry_run_report(const struct options *options,
		   const struct abilities *abilities, json_object *report,
		   enum status *ret_status)
{
	uint64_t length = options->length;
	struct guard_answer answer;
	struct file_facts file;
	json_object *notes;
	size_t openers = 0;
	int r;

	r = file_facts_of_path(options->what, 0, &file);
	if (r)
		return r;
	if (S_ISDIR(file.mode))
		return EISDIR;
	if (!S_ISREG(file.mode) && !S_ISCHR(file.mode))
		return ENODEV;
	if (!length && options->offset < file.size)
		length = file.size - options->offset;

	report_file(options, &file, report);
	report_request(options, length, report);
	/* Nobody stands in the way of a device. */
	r = file.kind == FILE_DEVICE
		    ? 0
		    : file_users_report(&file, report, &openers);
	if (r)
		return r;
	find_answer(options, abilities, &file, length, openers, &answer);
	report_answer(&answer, report);
	notes = report_array(report, "notes");
	if (answer.status == STATUS_PROTECTED && file.kind != FILE_DEVICE)
		report_note(
			notes,
			"holes are filled when memory is registered: without space for them that fails with ENOSPC");
	if (!strcmp(answer.guard, "lease"))
		report_note(
			notes,
			"an ordinary lease is broken by everybody who opens the file, and the memory region revoked");
	if (!strcmp(answer.guard, "odp"))
		report_note(
			notes,
			"on-demand paging needs libpinsafe-preload.so, to see when the memory is unmapped");
	*ret_status = answer.status;
	return 0;
}
