// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A memory region for writing on a file with a page cache, which comes and goes, and
 * all that others may do to the file meanwhile: nothing hangs, the file has what
 * the device has written, no fsync fails, and the kernel has nothing to say.
 *
 * kernel-cached-stress DIRECTORY SECONDS
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-common.h"

#define PAGE 4096L
#define LEN (64 * PAGE)
#define PATIENCE 60   /* in s, at the end */
#define BREAK_TIME 10 /* in s: others are slow, too */

static char path[256], clone_path[300];
static char buffer[64 * 1024] __attribute__((aligned(4096)));

/* What others do: 0 or an errno value.  Pages 0 to 15 are left to the device. */

static int by_fsync(int fd)
{
	return fsync(fd) ? errno : 0;
}

static int by_sync(int fd)
{
	sync();
	return syncfs(fd) ? errno : 0;
}

static int open_direct(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(path, O_RDWR | O_DIRECT);
	return fd;
}

static int by_direct_write(int fd)
{
	return pwrite(open_direct(), buffer, PAGE, (16 + rand() % 16) * PAGE) <
			       0
		       ? errno
		       : 0;
}

static int by_direct_read(int fd)
{
	return pread(open_direct(), buffer, sizeof(buffer), 0) < 0 ? errno : 0;
}

static int by_clone(int fd)
{
	int to = open(clone_path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	int err = ioctl(to, FICLONE, fd) ? errno : 0;

	close(to);
	return err == EOPNOTSUPP ? 0 : err;
}

static int by_fallocate(int fd)
{
	if (fallocate(fd, 0, 0, LEN))
		return errno;
	return fallocate(fd, FALLOC_FL_UNSHARE_RANGE, 0, LEN) &&
			       errno != EOPNOTSUPP
		       ? errno
		       : 0;
}

/* Never into what is pinned, but that is for the kernel to find out */
static int by_size(int fd)
{
	usleep(100000);
	return ftruncate(fd, LEN + rand() % 100000) && errno != ETXTBSY ? errno
									: 0;
}

static int by_growth(int fd)
{
	return pwrite(fd, "x", 1, LEN + PAGE * (rand() % 50)) < 0 ? errno : 0;
}

static int by_freeze(int fd)
{
	int dir = open(k_dir, O_RDONLY);
	int err = ioctl(dir, FIFREEZE, 0) ? errno : 0;

	usleep(2000);
	if (ioctl(dir, FITHAW, 0) && !err)
		err = errno;
	close(dir);
	usleep(100000);
	return err;
}

static int by_store(int fd)
{
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	int err;

	map[(32 + rand() % 16) * PAGE] = 'm';
	err = msync(map, LEN, MS_SYNC) ? errno : 0;
	munmap(map, LEN);
	return err;
}

static int by_write(int fd)
{
	return pwrite(fd, buffer, 1000, (50 + rand() % 10) * PAGE) < 0 ? errno
								       : 0;
}

static int by_reclaim(int fd)
{
	int drop = open("/proc/sys/vm/drop_caches", O_WRONLY);
	int err = write(drop, "3", 1) < 0 ? errno : 0;

	close(drop);
	usleep(50000);
	return err;
}

static int by_punch(int fd)
{
	usleep(500000);
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 48 * PAGE, PAGE) &&
			       errno != ETXTBSY
		       ? errno
		       : 0;
}

static int by_copy(int fd)
{
	off_t from = 0, to = 40 * PAGE;

	return copy_file_range(fd, &from, fd, &to, PAGE, 0) < 0 ? errno : 0;
}

static const struct {
	const char *name;
	int (*fn)(int fd);
} others[] = {
	{"fsync", by_fsync},
	{"sync", by_sync},
	{"O_DIRECT write", by_direct_write},
	{"O_DIRECT read", by_direct_read},
	{"FICLONE", by_clone},
	{"fallocate", by_fallocate},
	{"size", by_size},
	{"write beyond the end", by_growth},
	{"freeze", by_freeze},
	{"store, msync", by_store},
	{"write", by_write},
	{"drop_caches", by_reclaim},
	{"punch", by_punch},
	{"copy_file_range", by_copy},
};

#define OTHERS (sizeof(others) / sizeof(others[0]))

static struct shared {
	bool over;
	struct {
		unsigned long done, failed;
		int err;
	} of[OTHERS];
} * shared;

static void other(size_t i)
{
	int fd = open(path, O_RDWR), err;

	srand(i);
	while (!__atomic_load_n(&shared->over, __ATOMIC_RELAXED)) {
		err = others[i].fn(fd);
		shared->of[i].done++;
		if (err) {
			shared->of[i].failed++;
			shared->of[i].err = err;
		}
		usleep(1000);
	}
	_exit(0);
}

static unsigned int regions, writes, wrong, breaks;

/* Until the lease is broken, or for a while */
static void use(const struct k_file *file, struct ibv_mr *mr)
{
	static unsigned long n;
	unsigned long got;
	int i;

	for (i = 0; i < 20; i++) {
		n++;
		if (k_rdma_write(mr, file->map + 8, &n, sizeof(n)) ||
		    pread(file->fd, &got, sizeof(got), 8) != sizeof(got))
			k_bail("RDMA WRITE");
		writes++;
		wrong += got != n;
		if (k_break(NULL, 0)) {
			breaks++;
			break;
		}
	}
}

static void hold(const struct k_file *file)
{
	struct ibv_mr *mr;
	int err = k_lease(file->fd, F_LAYOUT_WRITE);

	if (err == EAGAIN)
		return;
	if (err)
		k_bail("F_LAYOUT_WRITE");
	/* Broken already, perhaps */
	mr = k_reg(file->map, LEN, K_WRITE, &err);
	if (mr) {
		regions++;
		use(file, mr);
	}
	k_dereg(&mr);
	k_lease(file->fd, F_UNLCK);
}

static int end_others(pid_t pids[OTHERS])
{
	double end = k_now() + PATIENCE;
	int hung = 0;
	size_t i;

	__atomic_store_n(&shared->over, true, __ATOMIC_RELAXED);
	for (i = 0; i < OTHERS; i++) {
		while (!waitpid(pids[i], NULL, WNOHANG)) {
			if (k_now() < end) {
				usleep(10000);
				continue;
			}
			k_note("%s hangs", others[i].name);
			hung++;
			break;
		}
		k_note("%-20s %6lu times, %lu failed, last %s", others[i].name,
		       shared->of[i].done, shared->of[i].failed,
		       k_err(shared->of[i].err));
	}
	return hung;
}

int main(int argc, char **argv)
{
	int seconds = argc > 2 ? atoi(argv[2]) : 10, hung;
	pid_t pids[OTHERS];
	struct k_file file;
	double end;
	size_t i;

	k_begin(argc, argv, seconds + 2 * PATIENCE);
	k_sysctl("fs/lease-break-time", BREAK_TIME);
	file = k_file("stress", LEN, 's');
	strcpy(path, file.path);
	snprintf(clone_path, sizeof(clone_path), "%s.clone", path);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (i = 0; i < OTHERS; i++) {
		pids[i] = fork();
		if (!pids[i])
			other(i);
	}
	end = k_now() + seconds;
	while (k_now() < end)
		hold(&file);
	hung = end_others(pids);
	k_note("%u memory regions, %u writes by the device, %u breaks", regions,
	       writes, breaks);
	k_check(!hung, "nothing hangs");
	k_check(writes && breaks, "there was something to see");
	k_check(!wrong, "the file has what the device wrote, but for %u times",
		wrong);
	k_check(!shared->of[0].failed, "no fsync failed");
	unlink(clone_path);
	k_file_close(&file);
	return k_end();
}
