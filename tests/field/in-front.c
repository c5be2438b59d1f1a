// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program with another library in front of the preload object, or behind it:
 * all bytes are right, in memory that comes and goes and in files; what it takes
 * from its file itself is seen, or a line says that it is not; and nobody keeps a
 * file that it has unmapped.
 *
 * From reports on the order of preloaded allocators (gperftools, Open MPI), on
 * caches of registrations (UCX, libfabric), and on files that stay (fuse-overlayfs).
 *
 *   in-front DIR seen|unseen    are its mmap(2) and munmap(2)?
 *   in-front DIR on-demand      with PINSAFE_GUARD=odp
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
/* More than allocators keep for the next time */
#define MESSAGE_LEN (256UL << 10)
#define ROUNDS 3

static struct verbs verbs;
static bool is_seen;

static void fill(unsigned char *at, size_t len, unsigned int seed)
{
	size_t i;

	for (i = 0; i < len; i++)
		at[i] = (i * 131 + (i >> 8)) ^ (seed * 17);
}

/* Memory that is freed and comes back while what was registered is gone */
static void check_messages(void)
{
	unsigned char *from, *to;
	struct ibv_mr *mr;
	unsigned int round;
	int status;

	for (round = 0; round < ROUNDS; round++) {
		from = malloc(MESSAGE_LEN);
		to = calloc(1, MESSAGE_LEN);
		if (!from || !to)
			t_bail("malloc");
		fill(from, MESSAGE_LEN, round);
		mr = ibv_reg_mr(verbs.pd, to, MESSAGE_LEN, VERBS_ACCESS);
		if (!mr)
			t_bail("registering anonymous memory: %s",
			       t_errname(errno));
		status = verbs_write_once(&verbs, from, MESSAGE_LEN, to,
					  mr->rkey);
		t_ok(!status && !memcmp(from, to, MESSAGE_LEN),
		     "message %u: all bytes are right", round);
		t_zero(ibv_dereg_mr(mr), "deregistered");
		free(from);
		free(to);
	}
}

static void check_file(struct region *region, const char *what)
{
	static unsigned char sent[FILE_LEN], found[FILE_LEN];
	static unsigned int seed = 100;
	int status;

	fill(sent, FILE_LEN, ++seed);
	status = verbs_write_once(&verbs, sent, FILE_LEN, region->addr,
				  region->mr->rkey);
	t_ok(!status && !memcmp(region->addr, sent, FILE_LEN),
	     "%s: all bytes arrive", what);
	if (region->fd >= 0)
		t_ok(pread(region->fd, found, FILE_LEN, 0) == FILE_LEN &&
			     !memcmp(found, sent, FILE_LEN),
		     "%s: and are in the file", what);
}

/* By madvise(2), and by what no allocator has */
static void check_own_removal(const char *dir)
{
	struct region region;

	region_create(&region, dir, "own", FILE_LEN);
	region_register(&region, &verbs);
	check_file(&region, "a file");
	t_zero(madvise(region.addr, FILE_LEN, MADV_REMOVE) ? errno : 0,
	       "MADV_REMOVE");
	if (region_write(&region, &verbs, 0, 1) == IBV_WC_SUCCESS)
		t_ok(!is_seen &&
			     rerun_log_count(
				     "and not of libpinsafe-preload.so") > 0,
		     "MADV_REMOVE is not seen, and the log says so");
	else
		t_ok(true, "MADV_REMOVE has revoked");
	region_deregister(&region);
	region_register(&region, &verbs);
	check_file(&region, "the same again");
	t_zero(ftruncate(region.fd, 0) ? errno : 0, "ftruncate");
	t_ok(region_write(&region, &verbs, 0, 1) == IBV_WC_REM_ACCESS_ERR,
	     "ftruncate has revoked");
	region_destroy(&region);
}

static int count_in(const char *fds, const char *name)
{
	char target[FILES_PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(fds);
	int n = 0;
	ssize_t len;

	while (dir && (entry = readdir(dir))) {
		len = readlinkat(dirfd(dir), entry->d_name, target,
				 sizeof(target) - 1);
		if (len > 0) {
			target[len] = 0;
			n += strstr(target, name) != NULL;
		}
	}
	if (dir)
		closedir(dir);
	return n;
}

/* In the descriptor tables of all threads */
static bool is_kept_by_nobody(void *name)
{
	char fds[FILES_PATH_MAX];
	struct dirent *entry;
	DIR *tasks = opendir("/proc/self/task");
	int n = 0;

	if (!tasks)
		t_bail("/proc/self/task");
	while ((entry = readdir(tasks))) {
		snprintf(fds, sizeof(fds), "/proc/self/task/%.20s/fd",
			 entry->d_name);
		n += count_in(fds, name);
	}
	closedir(tasks);
	return !n;
}

#define NOT_SEEN "not by mmap(2) of the preload object"

static void check_closed(const char *dir)
{
	struct region region;
	int err;

	region_create(&region, dir, "closed", FILE_LEN);
	close(region.fd);
	region.fd = -1;
	region.mr = ibv_reg_mr(verbs.pd, region.addr, FILE_LEN, VERBS_ACCESS);
	err = region.mr ? 0 : errno;
	if (is_seen)
		t_zero(err, "a file that was closed");
	else
		t_ok(!err || (err == ENOENT && rerun_log_count(NOT_SEEN) > 0),
		     "a file that was closed: %s", t_errname(err));
	if (region.mr) {
		check_file(&region, "a file that was closed");
		region_deregister(&region);
	}
	unlink(region.path);
	munmap(region.addr, FILE_LEN);
	t_ok(t_wait(is_kept_by_nobody, region.path, 10000),
	     "unmapped and unlinked, nobody keeps it");
}

/* A peer must not write into what comes to the address of what was unmapped. */
static void check_on_demand(const char *dir)
{
	struct region region;
	char *other;
	int status;

	region_create(&region, dir, "on-demand", FILE_LEN);
	region.mr = ibv_reg_mr(verbs.pd, region.addr, FILE_LEN, VERBS_ACCESS);
	if (!region.mr) {
		t_ok(rerun_log_count("and not in libpinsafe-preload.so") > 0,
		     "refused with a sentence: %s", t_errname(errno));
		return;
	}
	t_ok(!munmap(region.addr, FILE_LEN), "munmap");
	other = mmap(region.addr, FILE_LEN, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	memset(other, 'a', FILE_LEN);
	status = region_write(&region, &verbs, 0, 1);
	t_ok(status == IBV_WC_REM_ACCESS_ERR && *other == 'a',
	     "what was unmapped is revoked: %s", ibv_wc_status_str(status));
	region_deregister(&region);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		t_bail("usage: DIR seen|unseen|on-demand");
	rerun_with_log(argv);
	is_seen = !strcmp(argv[2], "seen");
	t_ok(guard_loaded(), "pinsafe is there");
	verbs_open(&verbs);
	if (!strcmp(argv[2], "on-demand")) {
		check_on_demand(argv[1]);
		return t_done();
	}
	check_messages();
	check_own_removal(argv[1]);
	check_closed(argv[1]);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
