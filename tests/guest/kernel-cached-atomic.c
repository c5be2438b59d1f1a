// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * An atomic write of f2fs that began before there was a lease: when it ends
 * with the file's last close for writing, all pages are taken out of the cache,
 * which no error can prevent.  Either there is no lease meanwhile, or it is
 * broken.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel-cached.h"

static int begun[2], end_it[2];

static int atomic_write(const char *path)
{
	int fd = open(path, O_RDWR);
	char c = 0;

	if (ioctl(fd, _IO(0xf5, 1)) || write(begun[1], &c, 1) != 1 ||
	    read(end_it[0], &c, 1) != 1)
		return errno;
	return close(fd) ? errno : 0;
}

/* Open for reading only, so that the other process's close is the last. */
static struct k_file read_only_file(void)
{
	struct k_file file = cached_file("atomic");

	munmap(file.map, file.len);
	close(file.fd);
	file.fd = open(file.path, O_RDONLY | O_CLOEXEC);
	file.map = mmap(NULL, file.len, PROT_READ, MAP_SHARED, file.fd, 0);
	if (file.map == MAP_FAILED)
		k_bail("mmap");
	return file;
}

int main(int argc, char **argv)
{
	struct k_file file;
	struct k_result r;
	struct ibv_mr *mr;
	struct k_op op;
	bool broken, waits;
	char c = 0;
	int err;

	k_begin_layout(argc, argv, 60);
	cached_begin();
	if (cached_fs != CACHED_F2FS)
		k_skip("%s is no f2fs", k_dir);
	k_sysctl("fs/lease-break-time", 30);
	file = read_only_file();
	if (pipe(begun) || pipe(end_it))
		k_bail("pipe");
	op = k_start(atomic_write, file.path);
	if (read(begun[0], &c, 1) != 1)
		k_bail("START_ATOMIC_WRITE");
	err = k_lease_retry(file.fd, K_SOON);
	if (err) {
		k_check(err == EAGAIN || err == EOPNOTSUPP,
			"F_LAYOUT in the middle of an atomic write: %s",
			k_err(err));
		return k_end();
	}
	mr = cached_mr(&file);
	if (write(end_it[1], &c, 1) != 1)
		k_bail("write");
	broken = k_break(NULL, 5 * K_SOON);
	waits = k_busy(&op, 0);
	k_dereg(&mr);
	k_lease(file.fd, F_UNLCK);
	r = k_wait(&op, 10 * K_SOON);
	k_check(broken && waits && !r.err, "an atomic write ends: %s, %s, %s",
		broken ? "break" : "NO BREAK",
		waits ? "it waits" : "IT DOES NOT WAIT", k_err(r.err));
	k_file_close(&file);
	cached_end();
	return k_end();
}
