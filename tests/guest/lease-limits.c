// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Ordinary leases at the limits of a process: 200 that are broken at once are
 * all answered in time; with a full descriptor table a break is answered and a
 * registration works, and where it cannot there is an errno, a sentence, and
 * nothing left behind.
 *
 *   lease-limits DIR
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "child.h"
#include "leaks.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define PAGE 4096
#define N_FILES 200
#define N_BREAKERS 4
#define STEP_MS 30000
#define TABLE_SIZE 64
#define STDERR_FILE "/tmp/lease-limits-stderr"

static const char *directory;
static _Atomic uint64_t *longest_ns; /* of all truncates; shared */

static void many_name(char name[32], int i)
{
	snprintf(name, 32, "many-%d", i);
}

static int truncate_share(void *arg, long breaker)
{
	char path[FILES_PATH_MAX], name[32];
	uint64_t begin, ns;
	int i;

	for (i = breaker; i < N_FILES; i += N_BREAKERS) {
		many_name(name, i);
		files_path(path, directory, name);
		begin = t_now_ns();
		if (truncate(path, 0))
			return errno;
		ns = t_now_ns() - begin;
		if (ns > *longest_ns)
			*longest_ns = ns;
	}
	return 0;
}

static void register_many(struct region *regions, struct verbs *verbs)
{
	char name[32];
	int i;

	for (i = 0; i < N_FILES; i++) {
		many_name(name, i);
		region_create(&regions[i], directory, name, PAGE);
		region_register(&regions[i], verbs);
	}
	t_ok(guard_stats().leases == N_FILES, "%d files have leases", N_FILES);
	rerun_log_clear();
}

static void check_many(struct verbs *verbs, struct t_child *breakers)
{
	static struct region regions[N_FILES];
	struct pinsafe_stats before = guard_stats(), now;
	struct t_child_result result;
	int i;

	register_many(regions, verbs);
	for (i = 0; i < N_BREAKERS; i++)
		t_child_go(&breakers[i], i);
	for (i = 0; i < N_BREAKERS; i++)
		t_ok(t_child_wait(&breakers[i], STEP_MS, &result) &&
			     !result.err,
		     "process %d has truncated its share", i);
	t_ok(guard_wait_revoked(before.revoked_mrs + N_FILES, STEP_MS),
	     "all are revoked");
	now = guard_stats();
	t_ok(now.breaks == before.breaks + N_FILES &&
		     now.zombie_mrs == N_FILES &&
		     now.revoke_failures == before.revoke_failures,
	     "each is counted once");
	t_ok(rerun_log_wait("1 memory region(s) revoked", N_FILES, STEP_MS),
	     "each is logged once");
	t_ok(t_ms(*longest_ns) < guard_break_time_ms() / 2.0 &&
		     !rerun_log_count("MAY BE LOST"),
	     "nobody waited for longer than %.0f ms", t_ms(*longest_ns));
	region_check_revoked(&regions[0], verbs, "the first");
	region_check_revoked(&regions[N_FILES - 1], verbs, "the last");
	for (i = 0; i < N_FILES; i++) {
		if (ibv_dereg_mr(regions[i].mr))
			t_bail("ibv_dereg_mr");
		regions[i].mr = NULL;
		region_destroy(&regions[i]);
	}
}

static struct rlimit limit_descriptors(rlim_t to)
{
	struct rlimit old, limit;

	if (getrlimit(RLIMIT_NOFILE, &old))
		t_bail("getrlimit");
	limit = old;
	limit.rlim_cur = to;
	if (setrlimit(RLIMIT_NOFILE, &limit))
		t_bail("setrlimit");
	return old;
}

static void restore_limit(const struct rlimit *limit)
{
	if (setrlimit(RLIMIT_NOFILE, limit))
		t_bail("setrlimit");
}

static void check_full(struct region *region, struct verbs *verbs,
		       struct t_child *truncater)
{
	struct rlimit old = limit_descriptors(TABLE_SIZE);
	struct pinsafe_stats before = guard_stats();
	struct t_child_result result;
	int fds[TABLE_SIZE], n = 0;

	while (n < TABLE_SIZE && (fds[n] = dup(STDOUT_FILENO)) >= 0)
		n++;
	t_ok(errno == EMFILE, "the descriptor table is full");
	rerun_log_clear();
	region_register(region, verbs);
	t_ok(guard_stats().guarded_mrs == 1, "full table: registered, guarded");
	result = t_child_run(truncater, 0, STEP_MS);
	t_ok(guard_wait_revoked(before.revoked_mrs + 1, STEP_MS),
	     "full table: a break is answered");
	while (n)
		close(fds[--n]);
	restore_limit(&old);
	t_zero(result.err, "full table: truncate in %.0f ms",
	       t_ms(result.end_ns - result.begin_ns));
	t_ok(rerun_log_wait("1 memory region(s) revoked", 1, STEP_MS),
	     "full table: the log says so");
	region_check_revoked(region, verbs, "full table");
	region_deregister(region);
	if (ftruncate(region->fd, region->len))
		t_bail("extending the file");
}

/* Neither the program nor the keeper can open anything, not even the log. */
static void check_none(struct region *region, struct verbs *verbs,
		       struct t_child *truncater)
{
	uint64_t revoked = guard_stats().revoked_mrs + 1;
	struct t_child_result result;
	struct rlimit old;

	region_register(region, verbs);
	old = limit_descriptors(3);
	result = t_child_run(truncater, 0, STEP_MS);
	restore_limit(&old);
	t_zero(result.err, "RLIMIT_NOFILE = 3: truncate in %.0f ms",
	       t_ms(result.end_ns - result.begin_ns));
	t_ok(guard_wait_revoked(revoked, STEP_MS),
	     "RLIMIT_NOFILE = 3: a break is answered");
	region_deregister(region);
	if (ftruncate(region->fd, region->len))
		t_bail("extending the file");
}

static int count_stderr(const char *text)
{
	FILE *file = fopen(STDERR_FILE, "re");
	char line[2048];
	int n = 0;

	if (!file)
		t_bail(STDERR_FILE);
	while (fgets(line, sizeof(line), file))
		n += strstr(line, text) != NULL;
	fclose(file);
	return n;
}

/* Where there is no descriptor for the log file it goes to standard error. */
static int count_sentences(void)
{
	return rerun_log_count("Too many open files") +
	       count_stderr("Too many open files");
}

/*
 * Less room than pinsafe needs, a descriptor more each time, so that all that
 * it opens fails once.
 */
static void check_short(struct region *region, struct verbs *verbs)
{
	struct leaks leaks = leaks_count();
	int err, said, failed = 0, odd = 0, silent = 0;
	struct rlimit old;
	rlim_t limit;

	for (limit = 3; limit < TABLE_SIZE; limit++) {
		said = count_sentences();
		old = limit_descriptors(limit);
		errno = 0;
		region->mr = ibv_reg_mr(verbs->pd, region->addr, region->len,
					VERBS_ACCESS);
		err = region->mr ? 0 : errno;
		restore_limit(&old);
		if (!err)
			break;
		failed++;
		odd += err != EMFILE;
		silent += count_sentences() == said;
		t_note("RLIMIT_NOFILE = %d: %s", (int)limit, t_errname(err));
	}
	t_ok(region->mr && guard_stats().guarded_mrs == 1,
	     "registered with %d descriptors", (int)limit);
	t_ok(failed && !odd, "with less %d times EMFILE, %d times another",
	     failed - odd, odd);
	t_ok(!silent, "each time the log says why, but for %d", silent);
	region_check_arrives(region, verbs, "with just enough");
	region_deregister(region);
	leaks_check(&leaks, "after that");
}

int main(int argc, char **argv)
{
	struct t_child breakers[N_BREAKERS], truncater;
	struct region region;
	struct verbs verbs;
	int i, fd;

	if (argc != 2)
		t_bail("usage: DIR");
	if (!getenv("PINSAFE_LOG_FILE")) {
		fd = open(STDERR_FILE, O_WRONLY | O_CREAT | O_APPEND, 0666);
		if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
			t_bail(STDERR_FILE);
		close(fd);
	}
	rerun_with_log(argv);
	directory = argv[1];
	longest_ns = t_shared(sizeof(*longest_ns));
	for (i = 0; i < N_BREAKERS; i++)
		t_child_start(&breakers[i], truncate_share, NULL);
	region_create(&region, directory, "limits", FILE_LEN);
	t_child_start(&truncater, region_truncate, region.path);
	verbs_open(&verbs);

	check_short(&region, &verbs);
	check_full(&region, &verbs, &truncater);
	check_none(&region, &verbs, &truncater);
	region_register(&region, &verbs);
	region_check_arrives(&region, &verbs, "with room again");
	region_destroy(&region);
	check_many(&verbs, breakers);

	t_zero(verbs_close(&verbs), "closing the device");
	for (i = 0; i < N_BREAKERS; i++)
		t_child_stop(&breakers[i]);
	t_child_stop(&truncater);
	return t_done();
}
