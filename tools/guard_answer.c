// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Ask the library what it would do with a file: it has the rules and the
 * sentences, we know what the kernel would say at each step.
 */
#include <errno.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "api/foresee.h"
#include "guard_answer.h"

static const char passed_through[] =
	"memory without blocks is passed through: if it is truncated, the device goes on with pages that the file does not have any more, and no other file is harmed";

/* Of any lease, and what is recorded with it */
static int lease_error(const struct guard_question *q, struct cause *ret_cause)
{
	if (q->abilities->leases_enabled == ABILITY_NO) {
		ret_cause->kind = CAUSE_LEASES_OFF;
		return ENOLCK;
	}
	if (q->is_others) {
		ret_cause->kind = CAUSE_NOT_OWNER;
		return EACCES;
	}
	return 0;
}

static int ordinary_lease_error(const struct guard_question *q,
				struct cause *ret_cause)
{
	int r = lease_error(q, ret_cause);

	if (r || !q->is_open)
		return r;
	ret_cause->kind = CAUSE_OPEN_ELSEWHERE;
	return EAGAIN;
}

/* Leases that are turned off hide whether there are layout leases. */
static int layout_lease_error(const struct guard_question *q,
			      struct cause *ret_cause)
{
	const struct lease_provider *provider = &q->abilities->provider;

	if (q->abilities->leases_enabled == ABILITY_NO)
		return lease_error(q, ret_cause);
	if (lease_provider_why_not(provider, q->file->fs_name, ret_cause))
		return EOPNOTSUPP;
	if (q->abilities->layout_leases == ABILITY_YES)
		return lease_error(q, ret_cause);
	if (provider->kind == PROVIDER_NONE)
		ret_cause->kind = CAUSE_NO_PROVIDER;
	return EOPNOTSUPP;
}

/* As the module promises it; what is wrong with one file it says there only. */
static bool keeps_writes(const struct guard_question *q,
			 struct cause *ret_cause)
{
	if (!lease_provider_keeps_writes(&q->abilities->provider, ret_cause))
		return false;
	if (q->file->fs_magic != BTRFS_SUPER_MAGIC)
		return true;
	ret_cause->kind = CAUSE_CHECKSUMS;
	return false;
}

static int pin_error(const struct guard_question *q)
{
	if (q->is_write && q->file->kind == FILE_PAGE_CACHE &&
	    q->abilities->page_cache_pins == ABILITY_NO)
		return EFAULT;
	return q->is_too_big ? ENOMEM : 0;
}

static void ask(const struct guard_question *q,
		struct pinsafe_check_result *ret_result)
{
	struct foresee what = {
		.kind = q->file->kind == FILE_FSDAX    ? MAPPING_FSDAX
			: q->file->kind == FILE_MEMORY ? MAPPING_SHMEM
						       : MAPPING_PAGE_CACHE,
		.fs_magic = q->file->fs_magic,
		.dev = q->file->dev,
		.ino = q->file->ino,
		.path = q->path,
		.is_written = q->is_write,
		.has_odp = q->abilities->has_odp,
		.sees_maps = geteuid() == 0,
		.prefault = q->is_too_far ? ENXIO : 0,
		.pin = pin_error(q),
	};

	what.keeps_writes = keeps_writes(q, &what.write_cause);
	what.layout_lease = layout_lease_error(q, &what.layout_cause);
	what.ordinary_lease = ordinary_lease_error(q, &what.ordinary_cause);
	pinsafe_private_foresee(&what, ret_result);
}

/* The library's "FILE (...): registration refused with ERRNO: why; remedy" */
static void split_sentence(const char *sentence, const char *path,
			   struct guard_answer *answer)
{
	static const char refused[] = ": registration refused with ";
	const char *why, *remedy;

	if (!strncmp(sentence, path, strlen(path))) {
		why = strstr(sentence + strlen(path), refused);
		why = why ? strstr(why + strlen(refused), ": ") : NULL;
		sentence = why ? why + 2 : sentence;
	}
	remedy = strstr(sentence, "; ");
	snprintf(answer->reason, sizeof(answer->reason), "%.*s",
		 remedy ? (int)(remedy - sentence) : -1, sentence);
	snprintf(answer->remedy, sizeof(answer->remedy), "%s",
		 remedy ? remedy + 2 : "");
}

struct guard_answer guard_answer(const struct guard_question *q)
{
	static const char *const guards[] = {
		[PINSAFE_GUARD_LAYOUT] = "layout",
		[PINSAFE_GUARD_LEASE] = "lease",
		[PINSAFE_GUARD_ODP] = "odp",
		[PINSAFE_GUARD_NONE] = "none",
		[PINSAFE_GUARD_UNNEEDED] = "none",
	};
	struct guard_answer answer = {.status = STATUS_PROTECTED,
				      .guard = "none"};
	struct pinsafe_check_result result;

	if (q->file->kind == FILE_DEVICE)
		return answer;
	ask(q, &result);
	answer.error = result.error;
	split_sentence(result.reason, q->path, &answer);
	if (result.error) {
		answer.status = STATUS_REFUSED;
		return answer;
	}
	answer.guard = guards[result.guard];
	answer.remedy[0] = '\0';
	if (!strcmp(answer.guard, "none"))
		answer.status = STATUS_UNPROTECTED;
	if (result.guard == PINSAFE_GUARD_UNNEEDED)
		strcpy(answer.reason, passed_through);
	return answer;
}
