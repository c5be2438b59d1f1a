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
#include <semaphore.h>
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
#define LIFE 20	      /* writes by the device into a memory region */
#define FEW 3	      /* memory regions a minute, under an emulated KASAN */

#define OTHERS 14

static struct shared {
	bool over;
	/* One for each memory region: who takes it may break the lease. */
	sem_t breaks;
	struct {
		unsigned long done, failed;
		int err;
	} of[OTHERS];
} * shared;

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

static bool is_over(void)
{
	return __atomic_load_n(&shared->over, __ATOMIC_RELAXED);
}

/* Never into what is pinned, but that is for the kernel to find out */
static int by_size(int fd)
{
	if (ftruncate(fd, LEN + 100000))
		return errno;
	sem_wait(&shared->breaks);
	return ftruncate(fd, LEN + rand() % 90000) && errno != ETXTBSY ? errno
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
	sem_wait(&shared->breaks);
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
} others[OTHERS] = {
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

static void other(size_t i)
{
	int fd = open(path, O_RDWR), err;

	srand(i);
	/* There are many of these, and one who holds */
	if (nice(5) < 0)
		_exit(1);
	while (!is_over()) {
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

static struct {
	unsigned int regions, writes, breaks;
} now, minute;
static unsigned int wrong, fewest_regions = -1;

static void write_once(const struct k_file *file, struct ibv_mr *mr)
{
	static unsigned long n;
	unsigned long got;

	n++;
	if (k_rdma_write(mr, file->map + 8, &n, sizeof(n)) ||
	    pread(file->fd, &got, sizeof(got), 8) != sizeof(got))
		k_bail("RDMA WRITE");
	now.writes++;
	wrong += got != n;
}

/* Until the lease is broken, or for a while */
static void use(const struct k_file *file, struct ibv_mr *mr, int breaks_at)
{
	int i;

	for (i = 0; i < LIFE; i++) {
		if (i == breaks_at)
			sem_post(&shared->breaks);
		write_once(file, mr);
		if (k_break(NULL, 0)) {
			now.breaks++;
			return;
		}
	}
}

/* Somebody breaks the lease at any time of its life, once in it. */
static void hold(const struct k_file *file)
{
	int breaks_at = rand() % LIFE - 1, err;
	struct ibv_mr *mr;

	err = k_lease(file->fd, F_LAYOUT_WRITE);
	if (err == EAGAIN) {
		usleep(1000);
		return;
	}
	if (err)
		k_bail("F_LAYOUT_WRITE");
	if (breaks_at < 0)
		sem_post(&shared->breaks);
	/* Broken already, perhaps */
	mr = k_reg(file->map, LEN, K_WRITE, &err);
	if (mr) {
		now.regions++;
		use(file, mr, breaks_at);
	}
	k_dereg(&mr);
	k_lease(file->fd, F_UNLCK);
}

static void end_minute(void)
{
	unsigned int regions = now.regions - minute.regions;

	k_note("a minute: %u memory regions, %u breaks, %u writes", regions,
	       now.breaks - minute.breaks, now.writes - minute.writes);
	fflush(stdout);
	if (regions < fewest_regions)
		fewest_regions = regions;
	minute = now;
}

static void hold_for(const struct k_file *file, int seconds)
{
	double begin = k_now(), next = begin + 60;

	while (k_now() < begin + seconds) {
		hold(file);
		if (k_now() < next)
			continue;
		end_minute();
		next += 60;
	}
}

static int end_others(pid_t pids[OTHERS])
{
	double end = k_now() + PATIENCE;
	int hung = 0;
	size_t i;

	__atomic_store_n(&shared->over, true, __ATOMIC_RELAXED);
	for (i = 0; i < OTHERS; i++)
		sem_post(&shared->breaks);
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
	size_t i;

	k_begin(argc, argv, seconds + 2 * PATIENCE);
	k_sysctl("fs/lease-break-time", BREAK_TIME);
	file = k_file("stress", LEN, 's');
	strcpy(path, file.path);
	snprintf(clone_path, sizeof(clone_path), "%s.clone", path);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sem_init(&shared->breaks, true, 0))
		k_bail("sem_init");
	for (i = 0; i < OTHERS; i++) {
		pids[i] = fork();
		if (!pids[i])
			other(i);
	}
	hold_for(&file, seconds);
	hung = end_others(pids);
	k_note("%u memory regions, %u writes by the device, %u breaks",
	       now.regions, now.writes, now.breaks);
	k_check(!hung, "nothing hangs");
	k_check(now.writes && now.breaks, "there was something to see");
	k_check(fewest_regions && now.regions >= FEW * (seconds / 60),
		"memory regions came and went in each minute, %d or more on average",
		FEW);
	k_check(now.breaks >= seconds / 60, "and so did breaks");
	k_check(!wrong, "the file has what the device wrote, but for %u times",
		wrong);
	k_check(!shared->of[0].failed, "no fsync failed");
	unlink(clone_path);
	k_file_close(&file);
	return k_end();
}
