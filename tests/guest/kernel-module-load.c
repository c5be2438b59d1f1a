// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The module cannot be unloaded while there is a lease or a pin, or a program has
 * them counted, and can at any other time, also between those of programs that
 * come and go; it leaves nothing behind.  ftrace cannot be turned off under it.
 * Where it does not keep what devices write to page caches, nobody is promised
 * that.
 *
 * kernel-module-load DIRECTORY [KERNEL-STRESS ROUNDS]
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-common.h"

#define PATIENCE 30 /* s */
#define ENOUGH 5 /* breaks, some of which are of memory regions */
#define TRACING "/sys/kernel/debug/tracing/"
#define KPROBES "/sys/kernel/debug/kprobes/list"
#define FTRACE "/proc/sys/kernel/ftrace_enabled"

static const char *module_path;
static char module_name[64];

static int load(const char *parameters)
{
	int fd = open(module_path, O_RDONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		k_bail(module_path);
	if (syscall(SYS_finit_module, fd, parameters, 0))
		err = errno;
	close(fd);
	return err;
}

static int unload(void)
{
	return syscall(SYS_delete_module, module_name, O_NONBLOCK) ? errno : 0;
}

/* Unload as soon as nobody has a lease or a pin */
static int unload_between(long *refused)
{
	double end = k_now() + PATIENCE;
	int err;

	while ((err = unload()) == EWOULDBLOCK && k_now() < end) {
		++*refused;
		usleep(1000);
	}
	return err;
}

/* What the module's users are, or -1 when it is not loaded */
static int users(void)
{
	char path[128];
	int n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/refcnt", module_name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%d", &n) != 1)
		k_bail(path);
	fclose(f);
	return n;
}

static int count_lines(const char *path)
{
	FILE *f = fopen(path, "r");
	char line[1024];
	int n = 0;

	if (!f)
		k_bail(path);
	while (fgets(line, sizeof(line), f)) {
		k_note("%s: %.60s", path, line);
		n++;
	}
	fclose(f);
	return n;
}

/* Nobody else in the guest has hooks or probes. */
static bool nothing_left(int fd)
{
	return users() == -1 && !count_lines(TRACING "enabled_functions") &&
	       !count_lines(KPROBES) && k_lease(fd, F_LAYOUT) == EINVAL;
}

static int turn_off_ftrace(void)
{
	int fd = open(FTRACE, O_WRONLY | O_CLOEXEC);
	int err = 0;

	if (fd < 0)
		k_bail(FTRACE);
	if (write(fd, "0", 1) < 0)
		err = errno;
	else if (pwrite(fd, "1", 1, 0) < 0)
		k_bail(FTRACE);
	close(fd);
	return err;
}

static void check_refused(struct k_file *file)
{
	struct ibv_mr *mr;
	const volatile uint64_t *count;
	long refused = 0;
	int err;

	err = k_lease(file->fd, F_LAYOUT);
	k_check(!err && unload() == EWOULDBLOCK,
		"not unloaded while there is a lease");
	mr = k_reg(file->map, file->len, K_WRITE, &err);
	k_lease(file->fd, F_UNLCK);
	k_check(mr && unload() == EWOULDBLOCK,
		"nor while there is a pin and no lease any more");
	err = turn_off_ftrace();
	k_check(err == EBUSY, "ftrace cannot be turned off under it: %s",
		k_err(err));
	count = k_pin_count();
	k_dereg(&mr);
	k_check(unload() == EWOULDBLOCK,
		"nor while somebody has the count of pins mapped");
	munmap((void *)count, 4096);
	err = unload_between(&refused);
	k_check(!err, "unloaded when all have gone: %s", k_err(err));
	k_check(nothing_left(file->fd), "nothing of it is left");
}

/* As on a kernel where a hook does not fire */
static void check_switched_off(void)
{
	const char *dir = k_dir;
	struct k_file file;
	char says[128] = "";
	int err, err2, fd;

	if (load("page_cache_write=0"))
		k_bail("loading");
	snprintf(says, sizeof(says),
		 "/sys/module/%s/parameters/page_cache_write", module_name);
	fd = open(says, O_RDONLY | O_CLOEXEC);
	memset(says, 0, sizeof(says));
	if (fd < 0 || read(fd, says, sizeof(says) - 1) < 0)
		k_bail("page_cache_write");
	close(fd);
	k_dir = getenv("PINSAFE_TEST_PAGECACHE");
	file = k_file("f", 65536, 'f');
	k_dir = dir;
	err = k_lease(file.fd, F_LAYOUT_WRITE);
	err2 = k_lease(file.fd, F_LAYOUT);
	k_lease(file.fd, F_UNLCK);
	k_file_close(&file);
	says[strcspn(says, "\n")] = 0;
	k_check(!strncmp(says, "no: ", 4) && err == EOPNOTSUPP && !err2,
		"\"%s\": F_LAYOUT_WRITE: %s, F_LAYOUT: %s", says, k_err(err),
		k_err(err2));
}

static pid_t start_stress(const char *program)
{
	pid_t pid = fork();

	if (pid < 0)
		k_bail("fork");
	if (!pid) {
		/* It stops earlier, and pauses long enough for pins to go. */
		execl(program, program, k_dir, "600", "200", NULL);
		k_bail(program);
	}
	return pid;
}

/* Until somebody has a lease or a pin */
static bool wait_users(void)
{
	double end = k_now() + PATIENCE;

	while (users() <= 0)
		if (k_now() > end)
			return false;
		else
			usleep(1000);
	return true;
}

/* How often leases were broken since it was loaded, or -1 */
static long breaks(void)
{
	char path[128];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/breaks",
		 module_name);
	f = fopen(path, "r");
	if (!f)
		return -1;
	if (fscanf(f, "%ld", &n) != 1)
		n = -1;
	fclose(f);
	return n;
}

/* Until the load has done what it is there for */
static bool wait_breaks(void)
{
	double end = k_now() + 4 * PATIENCE;

	while (breaks() < ENOUGH && k_now() < end)
		usleep(1000);
	return breaks() >= ENOUGH;
}

static void check_rounds(const char *program, int fd, int rounds)
{
	int round, status, err = 0;
	long refused = 0;
	pid_t stress;

	if (load(""))
		k_bail("loading");
	stress = start_stress(program);
	for (round = 0; round < rounds && !err && wait_users(); round++) {
		err = unload_between(&refused);
		if (err || !nothing_left(fd))
			break;
		err = load("");
	}
	k_check(!err && round == rounds,
		"%d times unloaded and loaded under load: %s", round,
		k_err(err));
	k_check(refused > 0, "%ld times refused in between", refused);
	k_check(wait_users() && wait_breaks(), "it can be used after that");
	kill(stress, SIGTERM);
	k_check(waitpid(stress, &status, 0) == stress && !status,
		"the load itself: status %#x", status);
}

int main(int argc, char **argv)
{
	struct k_file file;
	long refused = 0;
	int rounds = argc > 3 ? atoi(argv[3]) : 0;
	int err;

	k_begin_layout(argc, argv, 300 + 30 * rounds);
	module_path = getenv("PINSAFE_TEST_MODULE");
	if (!module_path)
		k_skip("no module to load");
	snprintf(module_name, sizeof(module_name), "%s",
		 basename(strdupa(module_path)));
	*strchrnul(module_name, '.') = 0;

	file = k_file("f", 65536, 'f');
	check_refused(&file);
	if (rounds)
		check_rounds(argv[2], file.fd, rounds);
	else
		check_switched_off();
	err = unload_between(&refused);
	k_check(!err, "unloaded at last: %s", k_err(err));
	k_check(nothing_left(file.fd), "nothing of it is left");
	k_file_close(&file);
	return k_end();
}
