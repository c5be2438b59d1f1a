// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * When ftrace has turned itself off there are no new leases and pins, the module
 * says so, also where it counts pins, breaks the leases of files with pins, and is
 * never unloaded; files go on working.  Nothing brings ftrace back: the guest is of
 * no use afterwards.
 *
 * kernel-ftrace-dead DIRECTORY FTRACE_KILL.KO held|unnoticed
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "kernel-common.h"

#define PATIENCE 20000 /* ms; it looks once a second */
#define STATE "/sys/module/layout_lease/parameters/state"

static void kill_ftrace(const char *module)
{
	int fd = open(module, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || syscall(SYS_finit_module, fd, "", 0))
		k_bail(module);
	close(fd);
}

static int unload(const char *unused)
{
	return syscall(SYS_delete_module, "layout_lease", O_NONBLOCK);
}

static bool state_is(const char *want)
{
	char line[128] = "";
	FILE *f = fopen(STATE, "r");

	if (!f || !fgets(line, sizeof(line), f))
		k_bail(STATE);
	fclose(f);
	return !strncmp(line, want, strlen(want));
}

/* What the kernel says from now on */
static int kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0 || lseek(fd, 0, SEEK_END))
		k_bail("/dev/kmsg");
	return fd;
}

static bool says(int fd, const char *text, int ms)
{
	struct pollfd log = {.fd = fd, .events = POLLIN};
	double end = k_now() + ms / 1e3;
	char line[8192];
	ssize_t n;

	for (;;) {
		n = read(fd, line, sizeof(line) - 1);
		if (n > 0) {
			line[n] = 0;
			if (strstr(line, text))
				return true;
		} else if (k_now() > end) {
			return false;
		} else {
			poll(&log, 1, ms);
		}
	}
}

/* With a lease and a pin */
static void held(const char *killer, int log)
{
	struct k_file file = k_file("f", K_MIB, 'f');
	struct k_file other = k_file("other", K_MIB, 'o');
	const volatile uint64_t *count = k_pin_count();
	struct ibv_mr *mr, *late;
	int err, late_err;

	err = k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, K_MIB, K_WRITE, &late_err);
	k_check(!err && mr && state_is("ok") && *count,
		"a lease, an MR, state ok, and pins are counted");
	kill_ftrace(killer);
	err = k_lease(other.fd, F_LAYOUT);
	late = k_reg(file.map, K_MIB, K_WRITE, &late_err);
	k_check(err == EOPNOTSUPP && !late && late_err == EOPNOTSUPP,
		"no new lease: %s; no new pin: %s", k_err(err),
		k_err(late_err));
	k_check(k_break(NULL, PATIENCE), "the lease of the pin is broken");
	k_check(says(log, "may protect NOTHING", PATIENCE) && state_is("dead"),
		"the kernel's log and the state say so");
	k_check(!*count, "there is no count of pins any more");
	k_dereg(&mr);
	k_lease(file.fd, F_UNLCK);
	err = unload(NULL) ? errno : 0;
	k_check(err == EWOULDBLOCK, "not unloaded: %s", k_err(err));
	k_file_close(&file);
	k_file_close(&other);
}

/* With nobody for whose sake the module would look */
static void unnoticed(const char *killer, int log)
{
	struct k_op op;

	kill_ftrace(killer);
	k_check(state_is("dead"), "the state says so");
	op = k_start(unload, NULL);
	k_check(says(log, "cannot be restored", PATIENCE),
		"unloading says why it does not end");
	k_check(k_busy(&op, K_SOON), "it does not end");
}

/* The functions are redirected still, to code that must be there */
static void files_work(void)
{
	struct k_file file = k_file("g", K_MIB, 'g');
	struct k_result shrunk = k_run(k_shrink, file.path);
	struct ibv_mr *mr;
	int err;

	mr = k_reg(file.map, 4096, K_WRITE, &err);
	k_check(!shrunk.err && !mr && err == EOPNOTSUPP,
		"truncate = %s, MR without a lease = %s", k_err(shrunk.err),
		k_err(err));
	k_file_close(&file);
}

int main(int argc, char **argv)
{
	int log;

	if (argc != 4)
		return 2;
	k_begin_layout(argc, argv, 60);
	log = kernel_log();
	if (!strcmp(argv[3], "held"))
		held(argv[2], log);
	else
		unnoticed(argv[2], log);
	files_work();
	return k_end();
}
