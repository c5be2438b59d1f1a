// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See kernel-common.h. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "kernel-common.h"

#define XFS_MAGIC 0x58465342

const char *k_dir;
int k_signal;

static int checks, failed;

void k_sysctl(const char *name, int value)
{
	char path[128];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/sys/%s", name);
	f = fopen(path, "w");
	if (!f || fprintf(f, "%d\n", value) < 0 || fclose(f))
		k_bail(path);
}

void k_begin(int argc, char **argv, unsigned int limit)
{
	sigset_t set;

	if (argc < 2) {
		fprintf(stderr, "usage: %s DIRECTORY\n", argv[0]);
		exit(2);
	}
	k_dir = argv[1];
	k_signal = SIGRTMIN + 1;
	setvbuf(stdout, NULL, _IOLBF, 0);
	alarm(limit);
	sigemptyset(&set);
	sigaddset(&set, SIGIO);
	sigaddset(&set, k_signal);
	sigprocmask(SIG_BLOCK, &set, NULL);
	k_sysctl("fs/lease-break-time", K_BREAK_TIME);
	k_sysctl("fs/leases-enable", 1);
}

void k_begin_layout(int argc, char **argv, unsigned int limit)
{
	struct k_file file;
	int err;

	k_begin(argc, argv, limit);
	file = k_file("probe", 4096, 'p');
	err = k_lease(file.fd, F_LAYOUT);
	if (err)
		k_skip("no layout leases on %s: F_SETLEASE F_LAYOUT = %s",
		       k_dir, k_err(err));
	k_file_close(&file);
}

int k_end(void)
{
	printf("%d checks, %d failed\n", checks, failed);
	return failed || !checks;
}

void k_check(bool ok, const char *fmt, ...)
{
	va_list ap;

	checks++;
	failed += !ok;
	printf("%-4s ", ok ? "ok" : "FAIL");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void k_note(const char *fmt, ...)
{
	va_list ap;

	printf("     ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
}

void k_skip(const char *fmt, ...)
{
	va_list ap;

	printf("SKIP ");
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(failed ? 1 : 77);
}

void k_bail(const char *what)
{
	printf("FAIL %s: %m\n", what);
	exit(1);
}

const char *k_err(int err)
{
	const char *name = err > 0 ? strerrorname_np(err) : NULL;

	return name ? name : err ? "none" : "0";
}

double k_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

bool k_is_xfs(void)
{
	struct statfs s;

	if (statfs(k_dir, &s))
		k_bail(k_dir);
	return s.f_type == XFS_MAGIC;
}

struct k_file k_file(const char *name, size_t len, char fill)
{
	struct k_file file = { .len = len };

	snprintf(file.path, sizeof(file.path), "%s/%s", k_dir, name);
	unlink(file.path);
	file.fd = open(file.path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (file.fd < 0 || fallocate(file.fd, 0, 0, len))
		k_bail(file.path);
	file.map = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, file.fd,
			0);
	if (file.map == MAP_FAILED)
		k_bail("mmap");
	memset(file.map, fill, len);
	return file;
}

void k_file_close(struct k_file *file)
{
	munmap(file->map, file->len);
	close(file->fd);
	unlink(file->path);
}

bool k_filled(const struct k_file *file, char fill)
{
	size_t i;

	for (i = 0; i < file->len; i++)
		if (file->map[i] != fill)
			return false;
	return true;
}

int k_lease(int fd, int type)
{
	/* The kernel forgets the signal with the lease. */
	if ((type == F_LAYOUT || type == F_LAYOUT_WRITE) &&
	    fcntl(fd, F_SETSIG, k_signal))
		return errno;
	return fcntl(fd, F_SETLEASE, type) ? errno : 0;
}

int k_lease_retry(int fd, int ms)
{
	double end = k_now() + ms / 1e3;
	int err;

	do
		err = k_lease(fd, F_LAYOUT);
	while (err == EAGAIN && k_now() < end);
	return err;
}

const volatile uint64_t *k_pin_count(void)
{
	int fd = open("/dev/layout_lease", O_RDONLY | O_CLOEXEC);
	void *page = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		k_bail("/dev/layout_lease");
	close(fd);
	return page;
}

bool k_break(siginfo_t *info, int ms)
{
	struct timespec timeout = { ms / 1000, ms % 1000 * 1000000L };
	siginfo_t unused;
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, k_signal);
	/* The end of an io_uring interrupts, without a signal. */
	do
		got = sigtimedwait(&set, info ? info : &unused, &timeout);
	while (got < 0 && errno == EINTR);
	return got == k_signal;
}

struct k_op k_start(k_op_fn *fn, const char *path)
{
	struct k_result result;
	struct k_op op;
	double begin;
	int fds[2];

	if (pipe(fds))
		k_bail("pipe");
	op.pid = fork();
	if (op.pid < 0)
		k_bail("fork");
	if (!op.pid) {
		begin = k_now();
		result.err = fn(path);
		result.time = k_now() - begin;
		_exit(write(fds[1], &result, sizeof(result)) < 0);
	}
	close(fds[1]);
	op.pipe = fds[0];
	return op;
}

bool k_busy(const struct k_op *op, int ms)
{
	struct pollfd pfd = { .fd = op->pipe, .events = POLLIN };

	return !poll(&pfd, 1, ms);
}

struct k_result k_wait(struct k_op *op, int ms)
{
	struct k_result result = { -1, 0 };

	if (k_busy(op, ms))
		kill(op->pid, SIGKILL);
	else if (read(op->pipe, &result, sizeof(result)) != sizeof(result))
		result.err = -1;
	close(op->pipe);
	waitpid(op->pid, NULL, 0);
	return result;
}

struct k_result k_run(k_op_fn *fn, const char *path)
{
	struct k_op op = k_start(fn, path);

	return k_wait(&op, 1000 * (3 * K_BREAK_TIME + 5));
}

int k_shrink(const char *path)
{
	return truncate(path, 8192) ? errno : 0;
}

int k_punch(const char *path)
{
	int fd = open(path, O_RDWR);

	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 65536,
			 65536) ? errno : 0;
}
