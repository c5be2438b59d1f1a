// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * An ordinary lease that is broken while its holder is stopped, hears of
 * nothing, or has no deadline, and one whose breaker is killed: each time the
 * region is revoked, which is logged and counted, and can be taken again.
 *
 *   lease-states DIR
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define STEP_MS 30000
#define NOTICE_MS 5000
#define SHORT_BREAK_TIME_S 2

enum way { OUTWAITED, KILLED, WAITS };

/* What the other process saw while this one was stopped; shared */
struct seen {
	bool stopped;
	bool breaking;
	bool returned; /* the breaker, before this process went on */
	off_t size;    /* of the file at that time */
	int status;    /* of the breaker at its end */
	uint64_t wait_ns;
};

static struct seen *seen;
static char path[FILES_PATH_MAX];

static bool is_task_stopped(int tasks, const char *tid)
{
	char name[64], text[512];
	const char *state;
	ssize_t n;
	int fd;

	snprintf(name, sizeof(name), "%.20s/stat", tid);
	fd = openat(tasks, name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	state = strrchr(text, ')');
	return state && state[1] && state[2] == 'T';
}

/* Each thread stops by itself. */
static bool is_stopped(void *arg)
{
	struct dirent *entry;
	bool stopped = true;
	char name[64];
	DIR *tasks;

	snprintf(name, sizeof(name), "/proc/%d/task", *(pid_t *)arg);
	tasks = opendir(name);
	if (!tasks)
		return false;
	while ((entry = readdir(tasks)))
		if (isdigit((unsigned char)entry->d_name[0]))
			stopped &= is_task_stopped(dirfd(tasks), entry->d_name);
	closedir(tasks);
	return stopped;
}

static void watch_breaker(int fd, pid_t breaker, enum way way)
{
	uint64_t begin = t_now_ns();
	struct stat st;

	seen->breaking = guard_wait_breaking(fd, NOTICE_MS);
	if (way == OUTWAITED)
		seen->returned = waitpid(breaker, &seen->status, 0) == breaker;
	else if (way == WAITS)
		seen->returned = waitpid(breaker, &seen->status, WNOHANG);
	if (way == KILLED) {
		kill(breaker, SIGKILL);
		waitpid(breaker, &seen->status, 0);
	}
	seen->wait_ns = t_now_ns() - begin;
	seen->size = fstat(fd, &st) ? -1 : st.st_size;
}

/* In the other process: stop the test, break its lease, let it go on. */
static int break_stopped(void *arg, long way)
{
	int fd = open(path, O_PATH | O_CLOEXEC);
	pid_t holder = getppid(), breaker = -1;

	memset(seen, 0, sizeof(*seen));
	if (fd < 0 || kill(holder, SIGSTOP))
		return errno;
	seen->stopped = t_wait(is_stopped, &holder, NOTICE_MS);
	if (seen->stopped)
		breaker = fork();
	if (!breaker)
		_exit(truncate(path, 0) ? errno : 0);
	if (breaker > 0)
		watch_breaker(fd, breaker, way);
	kill(holder, SIGCONT);
	if (breaker > 0 && way == WAITS && !seen->returned)
		waitpid(breaker, &seen->status, 0);
	close(fd);
	return breaker > 0 ? 0 : ECHILD;
}

static void start(struct region *region, struct verbs *verbs, const char *what)
{
	region_deregister(region);
	if (ftruncate(region->fd, FILE_LEN))
		t_bail("extending the file");
	rerun_log_clear();
	region_register(region, verbs);
	t_ok(region_leases(region).ordinary == 1, "%s: one lease", what);
	region_check_arrives(region, verbs, what);
}

static void check_end(struct region *region, struct verbs *verbs,
		      const struct pinsafe_stats *before, const char *what)
{
	struct pinsafe_stats now;

	t_ok(guard_wait_revoked(before->revoked_mrs + 1, NOTICE_MS),
	     "%s: it is revoked and the lease is gone", what);
	now = guard_stats();
	t_ok(now.breaks == before->breaks + 1 && now.zombie_mrs == 1 &&
		     now.revoke_failures == before->revoke_failures,
	     "%s: one break is counted, one region revoked", what);
	t_ok(rerun_log_wait("1 memory region(s) revoked", 1, NOTICE_MS),
	     "%s: the log says so", what);
	t_ok(!region_leases(region).ordinary, "%s: no lease is left", what);
	region_check_revoked(region, verbs, what);
}

static void stopped(struct region *region, struct verbs *verbs,
		    struct t_child *other, enum way way, const char *what)
{
	struct pinsafe_stats before;

	start(region, verbs, what);
	before = guard_stats();
	t_zero(t_child_run(other, way, STEP_MS).err, "%s: broken", what);
	t_ok(seen->stopped && seen->breaking,
	     "%s: the holder was stopped, the lease was being broken", what);
	check_end(region, verbs, &before, what);
}

static void check_expired(struct region *region, struct verbs *verbs,
			  struct t_child *other)
{
	const char *what = "stopped past lease-break-time";

	guard_set_sysctl("lease-break-time", SHORT_BREAK_TIME_S);
	stopped(region, verbs, other, OUTWAITED, what);
	t_ok(seen->returned && !seen->status && !seen->size,
	     "%s: the file was truncated meanwhile", what);
	/* A jiffy less, and the time from the break to the first look */
	t_ok(t_ms(seen->wait_ns) > SHORT_BREAK_TIME_S * 1000 - 500,
	     "%s: after %.0f ms", what, t_ms(seen->wait_ns));
	t_ok(rerun_log_count("MAY BE LOST") == 1,
	     "%s: the log says what that means", what);
}

static void check_killed(struct region *region, struct verbs *verbs,
			 struct t_child *other)
{
	const char *what = "breaker killed";

	stopped(region, verbs, other, KILLED, what);
	t_ok(WIFSIGNALED(seen->status) && seen->size == FILE_LEN,
	     "%s: it was waiting, and truncated nothing", what);
	t_ok(!rerun_log_count("MAY BE LOST"), "%s: nothing was lost", what);
}

static void check_no_deadline(struct region *region, struct verbs *verbs,
			      struct t_child *other)
{
	const char *what = "lease-break-time = 0";

	guard_set_sysctl("lease-break-time", 0);
	stopped(region, verbs, other, WAITS, what);
	t_ok(!seen->returned && seen->size == FILE_LEN,
	     "%s: the breaker waits for the holder", what);
	t_zero(WIFEXITED(seen->status) ? WEXITSTATUS(seen->status) : EINTR,
	       "%s: truncate in the end", what);
	t_ok(!rerun_log_count("MAY BE LOST"), "%s: nothing was lost", what);
}

/* The keeper is woken by nothing, so it finds the break when it looks. */
static void check_no_signals(struct region *region, struct verbs *verbs,
			     struct t_child *truncater)
{
	const char *what = "RLIMIT_SIGPENDING = 0";
	struct rlimit old, none = {0, 0};
	struct t_child_result result;
	struct pinsafe_stats before;

	start(region, verbs, what);
	before = guard_stats();
	if (getrlimit(RLIMIT_SIGPENDING, &old))
		t_bail("getrlimit");
	none.rlim_max = old.rlim_max;
	if (setrlimit(RLIMIT_SIGPENDING, &none))
		t_bail("setrlimit");
	result = t_child_run(truncater, 0, guard_break_time_ms());
	t_zero(result.err, "%s: truncate in %.0f ms", what,
	       t_ms(result.end_ns - result.begin_ns));
	check_end(region, verbs, &before, what);
	t_ok(!rerun_log_count("MAY BE LOST"), "%s: nothing was lost", what);
	if (setrlimit(RLIMIT_SIGPENDING, &old))
		t_bail("setrlimit");
}

int main(int argc, char **argv)
{
	struct t_child other, truncater;
	struct region region;
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	seen = t_shared(sizeof(*seen));
	files_path(path, argv[1], "states");
	t_child_start(&other, break_stopped, NULL);
	t_child_start(&truncater, region_truncate, path);
	region_create(&region, argv[1], "states", FILE_LEN);
	verbs_open(&verbs);

	check_no_signals(&region, &verbs, &truncater);
	check_killed(&region, &verbs, &other);
	check_no_deadline(&region, &verbs, &other);
	check_expired(&region, &verbs, &other);
	start(&region, &verbs, "in the end");

	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&truncater);
	t_child_stop(&other);
	return t_done();
}
