// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * F_LAYOUT on files with a page cache: which kinds of files have it, any number
 * of holders and openers, and what is not a memory region does not count.  What
 * is the same as with DAX is shown by kernel-lease-abi.  On ext4.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/fsverity.h>
#include <linux/io_uring.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-common.h"

#define LEN (256 * 1024)

static int punch_fd = -1;

static int punch_it(const char *path)
{
	(void)path;
	return fallocate(punch_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			 0, 4096) ? errno : 0;
}

/* A lease on it, a break, and the operation goes on */
static void breaks(const char *what, int fd)
{
	int err = k_lease(fd, F_LAYOUT), type = fcntl(fd, F_GETLEASE);
	struct k_result r = { -1, 0 };
	bool broken = false;
	struct k_op op;

	if (!err) {
		punch_fd = fd;
		op = k_start(punch_it, NULL);
		broken = k_break(NULL, 10 * K_SOON);
		k_lease(fd, F_UNLCK);
		r = k_wait(&op, 10 * K_SOON);
	}
	k_check(!err && type == F_LAYOUT && broken && !r.err,
		"%s: F_LAYOUT = %s, F_GETLEASE = %d, PUNCH_HOLE: %s, %s", what,
		k_err(err), type, broken ? "break" : "NO BREAK", k_err(r.err));
}

static void memory_files(void)
{
	int fd = memfd_create("memfd", 0), id;
	void *at;
	char link[64];

	if (ftruncate(fd, LEN))
		k_bail("memfd");
	breaks("memfd", fd);
	close(fd);

	id = shmget(IPC_PRIVATE, LEN, IPC_CREAT | 0600);
	at = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	if (id < 0 || at == (void *)-1)
		k_bail("shmat");
	snprintf(link, sizeof(link), "/proc/self/map_files/%lx-%lx",
		 (long)at, (long)at + LEN);
	fd = open(link, O_RDWR);
	if (fd < 0)
		k_bail(link);
	breaks("System V shared memory", fd);
	close(fd);
	shmdt(at);

	if (!getenv("PINSAFE_TEST_HUGETLB"))
		return;
	fd = open(getenv("PINSAFE_TEST_HUGETLB"), O_TMPFILE | O_RDWR, 0600);
	if (fd < 0 || ftruncate(fd, 2 << 20))
		k_bail("hugetlbfs");
	breaks("hugetlbfs", fd);
	close(fd);
}

static int holder(const char *path, int ready)
{
	int fd = open(path, O_RDONLY), err = k_lease(fd, F_LAYOUT);

	if (write(ready, &err, sizeof(err)) != sizeof(err) || err ||
	    !k_break(NULL, 20 * K_SOON))
		return 1;
	return k_lease(fd, F_UNLCK);
}

static int count_leases(void)
{
	FILE *f = fopen("/proc/locks", "r");
	char line[256];
	int n = 0;

	while (f && fgets(line, sizeof(line), f))
		n += strstr(line, "LAYOUT") != NULL;
	if (f)
		fclose(f);
	return n;
}

/* Several, some of one process, of files that are open for writing */
static void holders(void)
{
	enum { CHILDREN = 3, OWN = 3 };
	struct k_file file = k_file("f", LEN, 'a');
	int fd[OWN], ready[2], i, err, n, bad = 0, seen = 0, status;
	pid_t child[CHILDREN];
	struct k_result r;
	struct k_op op;

	if (pipe(ready))
		k_bail("pipe");
	for (i = 0; i < CHILDREN; i++) {
		child[i] = fork();
		if (!child[i])
			_exit(holder(file.path, ready[1]));
		if (read(ready[0], &err, sizeof(err)) != sizeof(err) || err)
			bad++;
	}
	for (i = 0; i < OWN; i++) {
		fd[i] = open(file.path, i ? O_RDWR : O_RDONLY);
		bad += k_lease(fd[i], F_LAYOUT) != 0;
	}
	n = count_leases();
	k_check(!bad && n == CHILDREN + OWN, "%d holders, %d refused", n, bad);
	k_sysctl("fs/lease-break-time", 60);
	op = k_start(k_punch, file.path);
	while (seen < OWN && k_break(NULL, 10 * K_SOON))
		seen++;
	for (i = 0; i < OWN; i++)
		k_lease(fd[i], F_UNLCK);
	for (i = 0; i < CHILDREN; i++) {
		waitpid(child[i], &status, 0);
		bad += status != 0;
	}
	r = k_wait(&op, 20 * K_SOON);
	k_sysctl("fs/lease-break-time", K_BREAK_TIME);
	k_check(!bad && !r.err && seen == OWN,
		"each learns of a break: %d here, %d in others do not; %s",
		seen, bad, k_err(r.err));
	for (i = 0; i < OWN; i++)
		close(fd[i]);
	close(ready[0]);
	close(ready[1]);
	k_file_close(&file);
}

static void swap_file(void)
{
	static char header[4096];
	uint32_t info[] = { 1, LEN / 4096 - 1 };
	struct k_file file = k_file("swap", LEN, 0);
	int err, err2;

	memcpy(header + 1024, info, sizeof(info));
	memcpy(header + 4086, "SWAPSPACE2", 10);
	if (pwrite(file.fd, header, 4096, 0) != 4096 || fsync(file.fd) ||
	    swapon(file.path, 0))
		k_bail("swapon");
	err = k_lease(file.fd, F_LAYOUT);
	if (swapoff(file.path))
		k_bail("swapoff");
	err2 = k_lease(file.fd, F_LAYOUT);
	k_check(err == EOPNOTSUPP && !err2, "swap file: %s; after swapoff: %s",
		k_err(err), k_err(err2));
	k_lease(file.fd, F_UNLCK);
	k_file_close(&file);
}

static int journal_data(const char *path)
{
	int fd = open(path, O_RDWR), flags;

	if (ioctl(fd, FS_IOC_GETFLAGS, &flags))
		return errno;
	flags |= FS_JOURNAL_DATA_FL;
	return ioctl(fd, FS_IOC_SETFLAGS, &flags) ? errno : 0;
}

/* Since 7.2 that takes all pages out of the cache, and cannot wait. */
static void journalled(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	struct ibv_mr *mr;
	int err, err2;

	k_lease(file.fd, F_LAYOUT);
	err = k_run(journal_data, file.path).err;
	k_check(err == ETXTBSY && !k_break(NULL, 0),
		"chattr +j with a lease: %s", k_err(err));
	mr = k_reg(file.map, LEN, K_READ, &err2);
	k_lease(file.fd, F_UNLCK);
	err = k_run(journal_data, file.path).err;
	k_check(mr && err == ETXTBSY, "chattr +j with only an MR: %s",
		k_err(err));
	k_dereg(&mr);
	err = k_run(journal_data, file.path).err;
	k_check(!err, "chattr +j with neither: %s", k_err(err));
	err = k_lease(file.fd, F_LAYOUT);
	mr = k_reg(file.map, LEN, K_READ, &err2);
	k_check(!err && mr, "data=journal: F_LAYOUT = %s, MR = %s", k_err(err),
		k_err(err2));
	k_dereg(&mr);
	k_lease(file.fd, F_UNLCK);
	k_file_close(&file);
}

/* Pages that are checked as they are read, and never written */
static void verity(void)
{
	struct k_file file = k_file("v", LEN, 'v');
	struct fsverity_enable_arg arg = { .version = 1, .hash_algorithm = 1,
					   .block_size = 4096 };
	int fd, err, err2;
	struct ibv_mr *mr;
	char *map;

	munmap(file.map, file.len);
	close(file.fd);
	fd = open(file.path, O_RDONLY);
	if (ioctl(fd, FS_IOC_ENABLE_VERITY, &arg)) {
		k_note("NOT CHECKED: verity: %m");
	} else {
		err = k_lease(fd, F_LAYOUT);
		map = mmap(NULL, LEN, PROT_READ, MAP_SHARED, fd, 0);
		mr = k_reg(map, LEN, K_READ, &err2);
		k_check(!err && mr, "verity: F_LAYOUT = %s, MR = %s",
			k_err(err), k_err(err2));
		k_dereg(&mr);
	}
	close(fd);
	unlink(file.path);
}

/* io_uring's fixed buffers; an errno value, *ret_ring to be closed */
static int fix_buffer(void *at, size_t len, int *ret_ring)
{
	struct io_uring_params params = {};
	struct iovec iov = { at, len };

	*ret_ring = syscall(SYS_io_uring_setup, 4, &params);
	if (*ret_ring < 0)
		return errno;
	return syscall(SYS_io_uring_register, *ret_ring,
		       IORING_REGISTER_BUFFERS, &iov, 1) ? errno : 0;
}

static void fixed_buffers(void)
{
	struct k_file file = k_file("f", LEN, 'a');
	int fd = memfd_create("memfd", 0), ring, err, err2;
	char *map;

	err = fix_buffer(file.map, LEN, &ring);
	close(ring);
	k_lease(file.fd, F_LAYOUT);
	err2 = fix_buffer(file.map, LEN, &ring);
	k_check(err == err2,
		"io_uring's fixed buffers, ext4: %s, with a lease %s",
		k_err(err), k_err(err2));
	close(ring);
	k_lease(file.fd, F_UNLCK);
	k_file_close(&file);

	if (ftruncate(fd, LEN))
		k_bail("memfd");
	map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	k_lease(fd, F_LAYOUT);
	err = fix_buffer(map, LEN, &ring);
	k_check(!err, "... memfd, with a lease: %s", k_err(err));
	k_lease(fd, F_UNLCK);
	breaks("... which nothing waits for", fd);
	close(ring);
	munmap(map, LEN);
	close(fd);
}

int main(int argc, char **argv)
{
	k_begin_layout(argc, argv, 60);
	holders();
	memory_files();
	swap_file();
	journalled();
	verity();
	fixed_buffers();
	return k_end();
}
