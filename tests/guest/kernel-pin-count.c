// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * /dev/layout_lease tells a process whether anything but anonymous memory was
 * pinned for it, by a lease or without, and tells it of no other process.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel-common.h"
#include "machine/pin_count.h"

#define HUGE (2 * K_MIB)

static const volatile uint64_t *count;

static void *map_count(int fd, int prot, int flags)
{
	return mmap(NULL, 4096, prot, flags, fd, 0);
}

static int open_count(void)
{
	int fd = open("/dev/layout_lease", O_RDONLY);

	if (fd < 0)
		k_bail("/dev/layout_lease");
	return fd;
}

static char *map(int fd, size_t len, int flags)
{
	char *addr = mmap(NULL, len, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (addr == MAP_FAILED)
		k_bail("mmap");
	return addr;
}

static bool is_counted(void *addr, size_t len, int access, int expected,
		       bool *ret_is)
{
	uint64_t before = *count;
	int err;
	struct ibv_mr *mr = k_reg(addr, len, access, &err);

	k_dereg(&mr);
	*ret_is = *count != before;
	if (err != expected)
		k_note("ibv_reg_mr = %s", k_err(err));
	return err == expected;
}

static bool counts(void *addr, size_t len, int access)
{
	bool is;

	return is_counted(addr, len, access, 0, &is) && is;
}

static bool counts_not(void *addr, size_t len, int access, int expected)
{
	bool is;

	return is_counted(addr, len, access, expected, &is) && !is;
}

static void anonymous(void)
{
	char *addr = map(-1, 2 * HUGE, MAP_PRIVATE | MAP_ANONYMOUS);

	k_check(*count > 0, "there is a count");
	k_check(counts_not(addr, 4096, K_WRITE, 0) &&
			counts_not(addr, 2 * HUGE, K_WRITE, 0),
		"anonymous memory does not count");
	madvise(addr, 2 * HUGE, MADV_HUGEPAGE);
	memset(addr, 1, 2 * HUGE);
	k_check(counts_not(addr + 100, 2 * HUGE - 200, K_READ, 0),
		"nor does that of huge pages, for reading");
	munmap(addr, 2 * HUGE);
}

static void dax(void)
{
	struct k_file file = k_file("f", K_MIB, 'a');
	char *private = map(file.fd, K_MIB, MAP_PRIVATE);
	char *both = map(-1, 2 * K_MIB, MAP_PRIVATE | MAP_ANONYMOUS);

	k_check(counts_not(file.map, K_MIB, K_WRITE, EOPNOTSUPP),
		"a file with DAX, no lease: is not pinned, and does not count");
	k_lease(file.fd, F_LAYOUT);
	k_check(counts(file.map, K_MIB, K_WRITE) &&
			counts(file.map, 4096, K_READ),
		"with a lease it counts");
	mmap(both + K_MIB, K_MIB, PROT_READ | PROT_WRITE,
	     MAP_SHARED | MAP_FIXED, file.fd, 0);
	k_check(counts(both + K_MIB - 4096, 8192, K_WRITE),
		"so does the second page, after an anonymous one");
	memset(private, 1, K_MIB);
	k_check(counts_not(private, K_MIB, K_WRITE, 0),
		"copies of a private mapping do not");
	munmap(both, 2 * K_MIB);
	munmap(private, K_MIB);
	k_file_close(&file);
}

/* What stock kernels pin, lease or not */
static void others(const char *variable, size_t len)
{
	const char *dir = getenv(variable);
	char path[256], *addr;
	int fd;

	if (!dir)
		return;
	snprintf(path, sizeof(path), "%s/count", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || ftruncate(fd, len))
		k_bail(path);
	addr = map(fd, len, MAP_SHARED);
	memset(addr, 1, len);
	k_check(counts(addr, len, K_READ), "%s, no lease: counts", path);
	munmap(addr, len);
	close(fd);
	unlink(path);
}

/* exit status of a child that pins a page of tmpfs for itself */
static int child(int fd)
{
	const volatile uint64_t *own;
	unsigned char there;
	char *addr;

	if (!mincore((void *)count, 4096, &there) || errno != ENOMEM)
		return 2;
	if (map_count(fd, PROT_READ, MAP_SHARED) != MAP_FAILED)
		return 3;
	own = k_pin_count();
	count = own;
	addr = map(-1, 4096, MAP_SHARED | MAP_ANONYMOUS);
	*addr = 1;
	return counts(addr, 4096, K_READ) ? 0 : 4;
}

static void processes(void)
{
	uint64_t before = *count;
	int fd = open_count(), status;
	pid_t pid = fork();

	if (!pid)
		_exit(child(fd));
	waitpid(pid, &status, 0);
	k_check(WIFEXITED(status) && !WEXITSTATUS(status),
		"a child has none before it asks for its own: status 0x%x",
		status);
	k_check(*count == before, "what the child pins does not count here");
	close(fd);
}

static void read_only(void)
{
	int fd = open_count();
	void *page;

	k_check(map_count(fd, PROT_READ | PROT_WRITE, MAP_PRIVATE) ==
				MAP_FAILED &&
			mmap(NULL, 8192, PROT_READ, MAP_SHARED, fd, 0) ==
				MAP_FAILED,
		"it cannot be mapped for writing, nor more of it");
	page = map_count(fd, PROT_READ, MAP_PRIVATE);
	k_check(page == MAP_FAILED ||
			mprotect(page, 4096, PROT_READ | PROT_WRITE),
		"nor be made writable");
	k_check(madvise((void *)count, 4096, MADV_DOFORK) &&
			madvise((void *)count, 4096, MADV_DONTNEED) && *count,
		"nor given to children, nor dropped");
	close(fd);
}

int main(int argc, char **argv)
{
	k_begin_layout(argc, argv, 60);
	count = k_pin_count();
	k_check(pin_count() == *count, "pinsafe finds it");
	anonymous();
	dax();
	k_check(pin_count() > 1, "and reads how often there were files");
	others("PINSAFE_TEST_PAGECACHE", K_MIB);
	others("PINSAFE_TEST_TMPFS", 4096);
	others("PINSAFE_TEST_HUGETLB", HUGE);
	processes();
	read_only();
	k_check(*k_pin_count() == *count, "another open shows the same");
	return k_end();
}
