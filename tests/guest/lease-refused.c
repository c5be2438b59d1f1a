// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Where no ordinary lease is to be had, a registration fails with the errno and
 * the sentence for the reason, and succeeds once that is gone.
 *
 *   lease-refused DIR (with PINSAFE_RETAKE_MS, so that it does not take long)
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "child.h"
#include "leaks.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define STEP_MS 10000
#define NOBODY 65534
#define OWN_SIGNAL (SIGRTMIN + 3)

static struct region region;
static struct verbs verbs;

enum { OPEN, CLOSE };

/* The other process */
static int open_or_close(void *arg, long request)
{
	static int fd = -1;

	if (request == CLOSE)
		return close(fd) ? errno : 0;
	fd = open(region.path, O_RDWR | O_CLOEXEC);
	return fd < 0 ? errno : 0;
}

static void become(uid_t uid)
{
	if (seteuid(uid))
		t_bail("seteuid(%d)", uid);
}

static void check_refused(int err, const char *sentence, const char *what)
{
	struct pinsafe_stats before = guard_stats(), now;
	uint64_t ns = t_now_ns();
	int e;

	rerun_log_clear();
	errno = 0;
	region.mr = ibv_reg_mr(verbs.pd, region.addr, region.len, VERBS_ACCESS);
	e = region.mr ? 0 : errno;
	ns = t_now_ns() - ns;
	now = guard_stats();
	t_ok(e == err, "%s: %s after %.0f ms", what, t_errname(e), t_ms(ns));
	t_ok(rerun_log_count(sentence) == 1, "%s: the log says \"%s\"", what,
	     sentence);
	t_ok(now.refusals == before.refusals + 1 && !now.leases &&
		     !now.guarded_mrs,
	     "%s: a refusal is counted, nothing else", what);
	region_deregister(&region);
}

static void check_guarded(const char *what)
{
	region_register(&region, &verbs);
	t_ok(guard_stats().leases == 1, "%s: one lease", what);
	region_deregister(&region);
}

static void check_registers(const char *what)
{
	check_guarded(what);
	region_register(&region, &verbs);
	region_check_arrives(&region, &verbs, what);
	region_deregister(&region);
}

static void check_opener(struct t_child *opener)
{
	char sentence[80];

	t_zero(t_child_run(opener, OPEN, STEP_MS).err, "opened by another");
	snprintf(sentence, sizeof(sentence), "process %d (exe) has it open",
		 opener->pid);
	check_refused(EAGAIN, sentence, "open elsewhere");
	t_zero(t_child_run(opener, CLOSE, STEP_MS).err, "closed by it");
	check_registers("closed elsewhere");
}

static void check_opened_twice(void)
{
	int fd = open(region.path, O_RDWR | O_CLOEXEC);

	check_refused(EAGAIN,
		      "this program itself by more than one open(2)",
		      "opened twice");
	close(fd);
	check_registers("opened once");
}

static void check_owner(void)
{
	become(NOBODY);
	check_refused(EACCES, "a lease is for the owner of a file",
		      "not the owner");
	become(0);
	check_guarded("the owner");
}

static void check_turned_off(void)
{
	guard_set_sysctl("leases-enable", 0);
	check_refused(EOPNOTSUPP, "set /proc/sys/fs/leases-enable to 1",
		      "leases-enable = 0");
	/* way out: set /proc/sys/fs/leases-enable to 1 */
	guard_set_sysctl("leases-enable", 1);
	check_registers("leases-enable = 1");
}

/* The disk of the file */
static void set_stable_writes(const char *value)
{
	struct stat st;
	char path[80];
	int fd;

	if (fstat(region.fd, &st))
		t_bail("fstat");
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/queue/stable_writes",
		 major(st.st_dev), minor(st.st_dev));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0 || write(fd, value, 1) != 1)
		t_bail("%s", path);
	close(fd);
}

static void check_stable_writes(void)
{
	struct ibv_mr *mr;

	set_stable_writes("1");
	check_refused(EOPNOTSUPP, "queue/stable_writes", "stable_writes = 1");
	mr = ibv_reg_mr(verbs.pd, region.addr, region.len,
			IBV_ACCESS_REMOTE_READ);
	t_ok(mr != NULL, "stable_writes = 1: only read: guarded");
	if (mr)
		t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
	set_stable_writes("0");
	check_registers("stable_writes = 0");
}

static void check_memlock(void)
{
	struct rlimit old, limit;

	if (chown(region.path, NOBODY, -1) || getrlimit(RLIMIT_MEMLOCK, &old))
		t_bail("chown, getrlimit");
	limit = old;
	limit.rlim_cur = 16384;
	if (setrlimit(RLIMIT_MEMLOCK, &limit))
		t_bail("setrlimit");
	become(NOBODY);
	check_refused(ENOMEM, "its limit is 16 KiB (RLIMIT_MEMLOCK)",
		      "RLIMIT_MEMLOCK");
	become(0);
	if (setrlimit(RLIMIT_MEMLOCK, &old))
		t_bail("setrlimit");
	become(NOBODY);
	/* way out: raise it by ulimit -l */
	check_guarded("without that limit");
	become(0);
}

static void check_own_lease(void)
{
	if (fcntl(region.fd, F_SETSIG, OWN_SIGNAL) ||
	    fcntl(region.fd, F_SETLEASE, F_WRLCK))
		t_bail("taking a lease of our own");
	check_refused(EBUSY, "has a lease on it, which pinsafe must not disturb", "own lease");
	t_ok(fcntl(region.fd, F_GETLEASE) == F_WRLCK &&
		     fcntl(region.fd, F_GETSIG) == OWN_SIGNAL,
	     "own lease: it is as it was");
	if (fcntl(region.fd, F_SETLEASE, F_UNLCK))
		t_bail("giving it up");
	check_registers("without it");
	/* What the guard has left there is of no matter to the next lease. */
	t_ok(!fcntl(region.fd, F_GETSIG) && !fcntl(region.fd, F_GETOWN),
	     "the descriptor has its signal and owner back");
}

int main(int argc, char **argv)
{
	struct t_child opener;
	struct leaks leaks;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	files_path(region.path, argv[1], "refused");
	t_child_start(&opener, open_or_close, NULL);
	region_create(&region, argv[1], "refused", FILE_LEN);
	verbs_open(&verbs);
	check_registers("at first");
	leaks = leaks_count();

	check_opener(&opener);
	check_opened_twice();
	check_turned_off();
	check_stable_writes();
	check_own_lease();
	/* Who was somebody else meanwhile can create no queue pairs any more.
	 */
	check_owner();
	check_memlock();

	leaks_check(&leaks, "in the end");
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&opener);
	return t_done();
}
