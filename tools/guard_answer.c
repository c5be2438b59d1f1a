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
#include "provider.h"

static const char passed_through[] =
	"memory without blocks is passed through: if it is truncated, the device goes on with pages that the file does not have any more, and no other file is harmed";

/* Of lease_error(), and of the file being open elsewhere */
static struct cause lease_cause(const struct guard_question *q)
{
	struct cause cause = {0};

	if (q->abilities->leases_enabled == ABILITY_NO)
		cause.kind = CAUSE_LEASES_OFF;
	else if (q->is_others)
		cause.kind = CAUSE_NOT_OWNER;
	else if (q->is_open)
		cause.kind = CAUSE_OPEN_ELSEWHERE;
	return cause;
}

static int lease_error(const struct guard_question *q)
{
	if (q->abilities->leases_enabled == ABILITY_NO)
		return ENOLCK;
	return q->is_others ? EACCES : 0;
}

/* Leases that are turned off hide whether there are layout leases. */
static int layout_lease_error(const struct guard_question *q,
			      struct cause *ret_cause)
{
	int r = 0;

	if (q->abilities->leases_enabled != ABILITY_NO)
		r = provider_error(q->abilities, q->file->fs_name, ret_cause);
	return r ? r : lease_error(q);
}

/* As the module promises it; what is wrong with one file it says there only. */
static bool keeps_writes(const struct guard_question *q,
			 struct cause *ret_cause)
{
	const char *says = q->abilities->provider.page_cache_write;

	if (strcmp(says, "yes") != 0) {
		ret_cause->kind = CAUSE_NO_PROMISE;
		snprintf(ret_cause->detail, sizeof(ret_cause->detail), "%s",
			 says[0] ? says : "it does not offer that");
		return false;
	}
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
		.has_odp = q->has_odp,
		.sees_maps = geteuid() == 0,
		.ordinary_lease = lease_error(q)
					  ?: q->is_open ? EAGAIN
							: 0,
		.prefault = q->is_too_far ? ENXIO : 0,
		.pin = pin_error(q),
	};

	what.keeps_writes = keeps_writes(q, &what.write_cause);
	what.layout_lease = layout_lease_error(q, &what.layout_cause);
	if (what.layout_lease != EOPNOTSUPP)
		what.layout_cause = lease_cause(q);
	what.ordinary_cause = lease_cause(q);
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
