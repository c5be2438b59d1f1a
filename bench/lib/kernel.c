// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A kernel that has layout leases and RDMA devices, for the library of the
 * benchmarks, which is linked so that some of its system calls come here.  For
 * each that is answered here there is one of the real kernel, so that their
 * number is right, and nearly their cost.
 *
 *   FAKE_NO_PROCMAP=1  there is no ioctl PROCMAP_QUERY, as before Linux 6.11
 *   FAKE_RELEASE=6.1   what uname(2) says
 *   FAKE_NO_DAX=1      all files have a page cache
 *   FAKE_NO_COUNT=1    there is no module that counts what is pinned of files
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <rdma/ib_user_ioctl_cmds.h>
#include <rdma/rdma_user_ioctl.h>
#include <rdma/rdma_user_ioctl_cmds.h>

#include "kernel.h"

#define F_LAYOUT 16
#define MAX_FDS (1 << 18)
#define STATX_DAX 0x00200000

/* By number in the keeper's table, where each lease has a descriptor */
static struct lease {
	dev_t dev;
	ino_t ino;
	bool is_held, is_breaking;
} leases[MAX_FDS];
static int keeper_tid, signal_number;
static size_t n_breaking, n_held;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t released = PTHREAD_COND_INITIALIZER;

/* Not of /proc, which is asked for one to find out who gives leases */
static bool take(int fd)
{
	struct statfs sfs;
	struct stat st;

	if (fd >= MAX_FDS || fstat(fd, &st) || fstatfs(fd, &sfs))
		abort();
	if (sfs.f_type == PROC_SUPER_MAGIC)
		return false;
	pthread_mutex_lock(&mutex);
	leases[fd] = (struct lease){ st.st_dev, st.st_ino, true, false };
	n_held++;
	pthread_mutex_unlock(&mutex);
	return true;
}

static void release(int fd)
{
	pthread_mutex_lock(&mutex);
	if (leases[fd].is_breaking && !--n_breaking)
		pthread_cond_broadcast(&released);
	leases[fd].is_held = leases[fd].is_breaking = false;
	n_held--;
	pthread_mutex_unlock(&mutex);
}

bool fake_has_leases(void)
{
	return __atomic_load_n(&n_held, __ATOMIC_RELAXED);
}

/* In place of the device of the module */
static int pins_fd = -1;
static uint64_t *pins;

static void make_pins(void)
{
	pins_fd = memfd_create("pins", MFD_CLOEXEC);
	if (pins_fd < 0 || ftruncate(pins_fd, sizeof(*pins)))
		abort();
	pins = mmap(NULL, sizeof(*pins), PROT_READ | PROT_WRITE, MAP_SHARED,
		    pins_fd, 0);
	if (pins == MAP_FAILED)
		abort();
	*pins = 1;
}

void fake_pin_file(void)
{
	if (pins)
		__atomic_add_fetch(pins, 1, __ATOMIC_RELAXED);
}

/* A memfd is no device. */
static int open_number(void)
{
	static const char text[] = "0:0\n";
	int fd = memfd_create("number", MFD_CLOEXEC);

	if (fd < 0 || pwrite(fd, text, strlen(text), 0) < 0)
		abort();
	return fd;
}

int __wrap_sys_open(const char *path, int flags, mode_t mode)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (!strcmp(path, "/sys/class/misc/layout_lease/dev"))
		return open_number();
	if (strcmp(path, "/dev/layout_lease"))
		return syscall(SYS_openat, AT_FDCWD, path, flags, mode);
	if (getenv("FAKE_NO_COUNT")) {
		errno = ENOENT;
		return -1;
	}
	pthread_once(&once, make_pins);
	return syscall(SYS_fcntl, pins_fd, F_DUPFD_CLOEXEC, 0);
}

int __wrap_sys_fcntl(int fd, int command, uintptr_t arg)
{
	bool is_leased = fd >= 0 && fd < MAX_FDS && leases[fd].is_held;

	switch (command) {
	case F_SETSIG:
		signal_number = arg ? (int)arg : signal_number;
		break;
	case F_SETOWN_EX:
		keeper_tid = ((struct f_owner_ex *)arg)->pid;
		break;
	case F_SETLEASE:
		if (arg == F_LAYOUT && !take(fd)) {
			errno = EOPNOTSUPP;
			return -1;
		}
		if (arg == F_UNLCK && is_leased)
			release(fd);
		else if (arg != F_LAYOUT)
			break;
		(void)syscall(SYS_fcntl, fd, F_GETLEASE, 0);
		return 0;
	case F_GETLEASE:
		if (!is_leased)
			break;
		(void)syscall(SYS_fcntl, fd, F_GETLEASE, 0);
		return leases[fd].is_breaking ? F_UNLCK : F_LAYOUT;
	}
	return syscall(SYS_fcntl, fd, command, arg);
}

static bool has_no_procmap(void)
{
	static int answer = -1;

	if (answer < 0)
		answer = getenv("FAKE_NO_PROCMAP") != NULL;
	return answer;
}

static struct ib_uverbs_attr *attr_of(struct ib_uverbs_ioctl_hdr *header,
				      uint16_t id)
{
	size_t i;

	for (i = 0; i < header->num_attrs; i++)
		if (header->attrs[i].attr_id == id)
			return &header->attrs[i];
	abort();
}

static void tell_key(struct ib_uverbs_ioctl_hdr *header, uint16_t id,
		     uint32_t handle)
{
	*(uint32_t *)(uintptr_t)attr_of(header, id)->data = FAKE_KEY(handle);
}

static int rdma_ioctl(struct ib_uverbs_ioctl_hdr *header)
{
	uint32_t handle;

	(void)syscall(SYS_fcntl, -1, F_GETFD);
	if (header->method_id != UVERBS_METHOD_QUERY_MR)
		return 0;
	handle = attr_of(header, UVERBS_ATTR_QUERY_MR_HANDLE)->data;
	tell_key(header, UVERBS_ATTR_QUERY_MR_RESP_LKEY, handle);
	tell_key(header, UVERBS_ATTR_QUERY_MR_RESP_RKEY, handle);
	return 0;
}

int __wrap_sys_ioctl(int fd, unsigned long request, void *arg)
{
	if (request == RDMA_VERBS_IOCTL)
		return rdma_ioctl(arg);
	if ((request & 0xffff) == ('f' << 8 | 17) && has_no_procmap()) {
		errno = ENOTTY;
		return -1;
	}
	return syscall(SYS_ioctl, fd, request, arg);
}

static bool has_no_dax(void)
{
	static int answer = -1;

	if (answer < 0)
		answer = getenv("FAKE_NO_DAX") != NULL;
	return answer;
}

int __wrap_sys_statx(int dir, const char *path, int flags, unsigned int mask,
		     struct statx *ret_stx)
{
	int r = syscall(SYS_statx, dir, path, flags, mask, ret_stx);

	if (!r && S_ISREG(ret_stx->stx_mode) && !has_no_dax())
		ret_stx->stx_attributes |= STATX_DAX;
	return r;
}

int __wrap_uname(struct utsname *name)
{
	const char *release = getenv("FAKE_RELEASE");
	int r = uname(name);

	if (!r && release)
		snprintf(name->release, sizeof(name->release), "%s", release);
	return r;
}

/*
 * Only the kernel may say POLL_MSG to another thread; so the lease is named, and
 * the keeper gets to see what the kernel would say.
 */
static void tell_keeper(int fd)
{
	siginfo_t info = { .si_signo = signal_number, .si_code = SI_QUEUE };

	info.si_value.sival_ptr = &leases[fd];
	if (syscall(SYS_rt_tgsigqueueinfo, getpid(), keeper_tid, signal_number,
		    &info)) {
		perror("bench: the signal of a break");
		exit(1);
	}
}

int __wrap_sys_sigtimedwait(const sigset_t *set, siginfo_t *ret_info,
			    const struct timespec *timeout)
{
	int r = syscall(SYS_rt_sigtimedwait, set, ret_info, timeout, _NSIG / 8);
	struct lease *lease;

	if (r <= 0 || !ret_info || ret_info->si_code != SI_QUEUE)
		return r;
	lease = ret_info->si_value.sival_ptr;
	if (lease >= leases && lease < leases + MAX_FDS) {
		ret_info->si_code = POLL_MSG;
		ret_info->si_fd = lease - leases;
	}
	return r;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ull + ts.tv_nsec;
}

static bool is_meant(const struct lease *lease, dev_t dev, ino_t ino)
{
	return lease->is_held && lease->dev == dev &&
	       (lease->ino == ino || !ino);
}

uint64_t fake_break(dev_t dev, ino_t ino)
{
	static int fds[MAX_FDS];
	size_t i, n = 0;
	uint64_t ns;
	int fd;

	for (fd = 0; fd < MAX_FDS; fd++)
		if (is_meant(&leases[fd], dev, ino))
			fds[n++] = fd;
	ns = now_ns();
	pthread_mutex_lock(&mutex);
	n_breaking = n;
	for (i = 0; i < n; i++) {
		leases[fds[i]].is_breaking = true;
		tell_keeper(fds[i]);
	}
	while (n_breaking)
		pthread_cond_wait(&released, &mutex);
	pthread_mutex_unlock(&mutex);
	return now_ns() - ns;
}
