// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Where programs run that were packed into a container: anonymous memory
 * registers, and a file is guarded or refused with a true sentence.  Under the
 * system calls that container engines and hardened units allow (sandbox.h),
 * without root in a user name space, with /proc read-only, hidden, and kept away by
 * Landlock.
 *
 *   container DIR
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "rerun.h"
#include "sandbox.h"
#include "t.h"

#define LEN (64UL << 10)
#define NOBODY 65534
#define STEP_MS 30000
#define RW (PROT_READ | PROT_WRITE)

static struct verbs verbs;
static struct region region;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		t_bail("%s: %s", path, t_errname(errno));
	close(fd);
}

static void enter_profile(void)
{
	t_zero(sandbox_enter(SECCOMP_RET_ERRNO | EPERM), "a profile");
}

static void enter_unit(void)
{
	t_zero(sandbox_enter(SECCOMP_RET_KILL_PROCESS), "a unit");
}

static void enter_rootless(void)
{
	if (setresgid(NOBODY, NOBODY, NOBODY) ||
	    setresuid(NOBODY, NOBODY, NOBODY) ||
	    prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) ||
	    unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWIPC))
		t_bail("a user name space: %s", t_errname(errno));
	write_file("/proc/self/uid_map", "0 65534 1");
	write_file("/proc/self/setgroups", "deny");
	write_file("/proc/self/gid_map", "0 65534 1");
	t_ok(!getuid(), "root of a user name space");
}

static void enter_mounts(void)
{
	if (unshare(CLONE_NEWNS) ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		t_bail("a mount name space: %s", t_errname(errno));
}

static void enter_read_only(void)
{
	enter_mounts();
	if (mount("/proc", "/proc", NULL, MS_BIND | MS_REC, NULL) ||
	    mount(NULL, "/proc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL))
		t_bail("/proc read-only: %s", t_errname(errno));
}

static void enter_hidden(void)
{
	enter_mounts();
	if (mount("none", "/proc", "tmpfs", 0, NULL))
		t_bail("hiding /proc: %s", t_errname(errno));
}

/* Nothing of /proc may be read, but all else */
static void enter_landlock(void)
{
	struct landlock_ruleset_attr attr = {
		.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE,
	};
	int ruleset = syscall(SYS_landlock_create_ruleset, &attr, sizeof(attr),
			      0);
	struct landlock_path_beneath_attr rule = {
		.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE,
	};
	struct dirent *entry;
	DIR *root = opendir("/");

	while ((entry = readdir(root))) {
		if (entry->d_type != DT_DIR || entry->d_name[0] == '.' ||
		    !strcmp(entry->d_name, "proc"))
			continue;
		rule.parent_fd = openat(dirfd(root), entry->d_name,
					O_PATH | O_CLOEXEC);
		if (syscall(SYS_landlock_add_rule, ruleset,
			    LANDLOCK_RULE_PATH_BENEATH, &rule, 0))
			t_bail("%s: %s", entry->d_name, t_errname(errno));
		close(rule.parent_fd);
	}
	closedir(root);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0))
		t_bail("Landlock: %s", t_errname(errno));
	close(ruleset);
}

static const struct {
	const char *name;
	void (*enter)(void);
	int error; /* of a file's registration */
	const char *sentence;
} containers[] = {
	{ "profile", enter_profile, 0, NULL },
	{ "unit", enter_unit, 0, NULL },
	{ "rootless", enter_rootless, 0, NULL },
	{ "read-only /proc", enter_read_only, 0, NULL },
	{ "hidden /proc", enter_hidden, ENOENT, "mount /proc" },
	{ "Landlock without /proc", enter_landlock, EACCES,
	  "; a sandbox forbids it (seccomp, Landlock, a security module)" },
};

#define N_CONTAINERS (sizeof(containers) / sizeof(containers[0]))

static bool is_revoked(void *arg)
{
	return region_write(&region, &verbs, 0, 1) == IBV_WC_REM_ACCESS_ERR;
}

static void check_anonymous(void)
{
	void *addr = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ibv_mr *mr = ibv_reg_mr(verbs.pd, addr, LEN, VERBS_ACCESS);

	t_ok(mr, "anonymous memory");
	if (mr)
		t_zero(ibv_dereg_mr(mr), "and deregistered");
}

static void check_file(struct t_child *other, int error, const char *sentence)
{
	struct t_child_result result;

	errno = 0;
	region.mr = ibv_reg_mr(verbs.pd, region.addr, LEN, VERBS_ACCESS);
	t_ok(region.mr ? !error : errno == error, "a file: %s",
	     region.mr ? "registered" : t_errname(errno));
	if (sentence)
		t_ok(rerun_log_count(sentence) == 1, "with a sentence");
	if (!region.mr)
		return;
	region_check_arrives(&region, &verbs, "registered");
	t_child_go(other, 0);
	t_ok(t_wait(is_revoked, NULL, STEP_MS), "revoked at a truncate");
	t_ok(t_child_wait(other, STEP_MS, &result) && !result.err,
	     "which went on");
	region_deregister(&region);
}

static int check_in(size_t i, const char *dir)
{
	struct t_child other;

	region_create(&region, dir, "container", LEN);
	if (fchown(region.fd, NOBODY, NOBODY) &&
	    containers[i].enter == enter_rootless)
		t_bail("fchown");
	t_child_start(&other, region_truncate, region.path);
	containers[i].enter();
	verbs_open(&verbs);
	check_anonymous();
	check_file(&other, containers[i].error, containers[i].sentence);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}

int main(int argc, char **argv)
{
	int status;
	size_t i;
	pid_t pid;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	for (i = 0; i < N_CONTAINERS; i++) {
		fflush(stdout);
		pid = fork();
		if (!pid)
			_exit(check_in(i, argv[1]));
		if (waitpid(pid, &status, 0) != pid)
			t_bail("waitpid");
		t_ok(!status, "%s: status 0x%x", containers[i].name, status);
	}
	return t_done();
}
