// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* A file, mapped and registered, see version.h. */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "version.h"

static bool is_same(const struct version *version, const struct stat *st)
{
	return version && version->dev == st->st_dev &&
	       version->ino == st->st_ino &&
	       version->length == (size_t)st->st_size;
}

/* Nobody but this thread registers. */
static uint64_t count_layout(void)
{
	struct pinsafe_stats stats = { 0 };

	pinsafe_get_stats(&stats, sizeof(stats));
	return stats.registered_layout;
}

/*
 * Only a layout lease will do: an ordinary one is broken by whoever opens the
 * file.  Without it pinsafe refuses, but not if the policy wants a warning, nor
 * for files in memory if it wants none for these.
 * The number is for events that come when the version may be gone.
 */
static int reg(struct version *version, struct ibv_pd *pd,
	       struct pinsafe_event_channel *events)
{
	static uintptr_t last_number;
	struct pinsafe_reg_attr attr = {
		.comp_mask = PINSAFE_REG_GUARD,
		.addr = version->addr,
		.length = version->length,
		.access = IBV_ACCESS_REMOTE_READ,
		.guard = PINSAFE_GUARD_LAYOUT,
		.channel = events,
	};
	uint64_t n = count_layout();

	version->number = ++last_number;
	attr.user_data = (void *)version->number;
	version->mr = pinsafe_reg_mr(pd, &attr, sizeof(attr));
	if (version->mr && count_layout() == n)
		errx(1, "no layout lease guards the file, so it is not served: "
			"on_refuse=warn in pinsafe.conf, or without "
			"PINSAFE_SHMEM=guard in memory");
	return version->mr ? 0 : errno;
}

/* A lease for reading is not granted then.  It goes at once. */
static bool is_being_written(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_RDLCK))
		return errno == EAGAIN;
	fcntl(fd, F_SETLEASE, F_UNLCK);
	return false;
}

/*
 * The mapping is only for reading, and nobody here reads through it: a file
 * that was truncated would answer with SIGBUS.
 */
static int map(struct version *version, int fd)
{
	version->addr = mmap(NULL, version->length, PROT_READ, MAP_SHARED, fd,
			     0);
	return version->addr == MAP_FAILED ? errno : 0;
}

static int load(int fd, const struct stat *st, struct ibv_pd *pd,
		struct pinsafe_event_channel *events,
		struct version **ret_version)
{
	struct version *version = calloc(1, sizeof(*version));
	int r;

	if (!version)
		return ENOMEM;
	version->refs = 1;
	version->dev = st->st_dev;
	version->ino = st->st_ino;
	version->length = st->st_size;
	r = map(version, fd);
	if (r)
		goto undo_version;
	r = reg(version, pd, events);
	if (r)
		goto undo_map;
	*ret_version = version;
	return 0;

undo_map:
	munmap(version->addr, version->length);
undo_version:
	free(version);
	return r;
}

int version_load(const char *path, const struct version *current,
		 struct ibv_pd *pd, struct pinsafe_event_channel *events,
		 struct version **ret_version)
{
	struct stat st;
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fstat(fd, &st))
		r = errno;
	else if (!S_ISREG(st.st_mode))
		r = EINVAL;
	else if (!st.st_size)
		r = ENODATA;
	else if (is_same(current, &st))
		r = EEXIST;
	else if (is_being_written(fd))
		r = ETXTBSY;
	else
		r = load(fd, &st, pd, events, ret_version);
	/* The mapping keeps the file, also if it is unlinked. */
	close(fd);
	return r;
}

struct version *version_get(struct version *version)
{
	version->refs++;
	return version;
}

void version_put(struct version *version)
{
	int r;

	if (!version || --version->refs)
		return;
	r = ibv_dereg_mr(version->mr);
	if (r)
		errx(1, "ibv_dereg_mr: %s", strerror(r));
	munmap(version->addr, version->length);
	free(version);
}
