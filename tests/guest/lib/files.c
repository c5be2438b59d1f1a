// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/stat.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "files.h"
#include "t.h"

#define CHUNK (64 << 10)

const char *files_fs_name(const char *dir)
{
	struct statfs fs;

	if (statfs(dir, &fs))
		t_bail("statfs %s", dir);
	switch ((unsigned long)fs.f_type) {
	case EXT4_SUPER_MAGIC:
		return "ext4";
	case XFS_SUPER_MAGIC:
		return "xfs";
	case BTRFS_SUPER_MAGIC:
		return "btrfs";
	case TMPFS_MAGIC:
		return "tmpfs";
	default:
		return "?";
	}
}

void files_path(char path[FILES_PATH_MAX], const char *dir, const char *name)
{
	if (snprintf(path, FILES_PATH_MAX, "%s/%s", dir, name) >=
	    FILES_PATH_MAX) {
		errno = ENAMETOOLONG;
		t_bail("%s", dir);
	}
}

int files_create(const char *path, size_t len, char value)
{
	char buf[CHUNK];
	size_t done;
	ssize_t n;
	int fd;

	unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0)
		t_bail("creating %s", path);
	memset(buf, value, sizeof(buf));
	for (done = 0; done < len; done += n) {
		n = len - done < CHUNK ? len - done : CHUNK;
		n = write(fd, buf, n);
		if (n <= 0)
			t_bail("filling %s", path);
	}
	if (fsync(fd))
		t_bail("fsync %s", path);
	return fd;
}

void *files_map(int fd, size_t len)
{
	void *addr = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (addr == MAP_FAILED)
		t_bail("mmap of %zu bytes", len);
	return addr;
}

bool files_is_dax(int fd)
{
	struct statx stx;

	if (statx(fd, "", AT_EMPTY_PATH, 0, &stx))
		t_bail("statx");
	return stx.stx_attributes & STATX_ATTR_DAX;
}

uint64_t files_count_other(int fd, uint64_t offset, size_t len, char value)
{
	char buf[CHUNK];
	uint64_t other = 0;
	size_t done;
	ssize_t n, i;

	for (done = 0; done < len; done += n) {
		n = len - done < CHUNK ? len - done : CHUNK;
		n = pread(fd, buf, n, offset + done);
		if (n <= 0)
			t_bail("reading at %llu",
			       (unsigned long long)offset + done);
		for (i = 0; i < n; i++)
			other += buf[i] != value;
	}
	return other;
}

int files_punch(const char *path, size_t len)
{
	int fd, err;

	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	err = fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, len);
	err = err ? errno : 0;
	close(fd);
	return err;
}
