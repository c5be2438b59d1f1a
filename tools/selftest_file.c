// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The file of the self-test, and its copy.  Copied by read(2) and write(2), as
 * copy_file_range(2) may share blocks, which breaks layout leases.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "selftest_file.h"

#define SCRATCH_SIZE (1UL << 20)
#define BUFFER_SIZE (1UL << 16)
#define COPY_SUFFIX ".pinsafe-selftest"

static int copy_extent(int from, int to, off_t at, off_t end)
{
	static char buffer[BUFFER_SIZE];
	ssize_t n, done;

	while (at < end) {
		n = end - at < BUFFER_SIZE ? end - at : BUFFER_SIZE;
		n = pread(from, buffer, n, at);
		if (n <= 0)
			return n ? errno : EIO;
		done = pwrite(to, buffer, n, at);
		if (done < 0)
			return errno;
		at += done;
	}
	return 0;
}

/* Holes stay holes. */
static int copy_data(int from, int to, uint64_t size)
{
	off_t at = 0, end;
	int r;

	if (ftruncate(to, 0) || ftruncate(to, size))
		return errno;
	while (at < size) {
		at = lseek(from, at, SEEK_DATA);
		if (at < 0)
			return errno == ENXIO ? 0 : errno;
		end = lseek(from, at, SEEK_HOLE);
		if (end < 0)
			return errno;
		r = copy_extent(from, to, at, end);
		if (r)
			return r;
		at = end;
	}
	return 0;
}

static int compare_data(int a, int b, uint64_t size)
{
	static char x[BUFFER_SIZE], y[BUFFER_SIZE];
	uint64_t at = 0;
	ssize_t n;

	while (at < size) {
		n = pread(a, x, sizeof(x), at);
		if (n <= 0)
			return n ? errno : EIO;
		if (pread(b, y, n, at) != n || memcmp(x, y, n))
			return EIO;
		at += n;
	}
	return 0;
}

static int open_scratch(const char *dir, struct test_file *file)
{
	int n;

	n = snprintf(file->path, sizeof(file->path),
		     "%s/pinsafe-selftest-XXXXXX", dir);
	if (n >= sizeof(file->path))
		return ENAMETOOLONG;
	file->fd = mkostemp(file->path, O_CLOEXEC);
	if (file->fd < 0)
		return errno;
	file->is_scratch = true;
	file->size = SCRATCH_SIZE;
	if (ftruncate(file->fd, file->size) == 0)
		return 0;
	n = errno;
	unlink(file->path);
	close(file->fd);
	return n;
}

/* A lease for writing is granted to the only one who has the file open. */
static int nobody_else_has_it(int fd)
{
	if (fcntl(fd, F_SETLEASE, F_WRLCK))
		return errno == EAGAIN ? EBUSY : errno;
	return fcntl(fd, F_SETLEASE, F_UNLCK) ? errno : 0;
}

static int can_be_restored(const struct test_file *file, const char **ret_why)
{
	struct statvfs vfs;
	int r;

	*ret_why = "it is not a regular file with data in it";
	if (!S_ISREG(file->st.st_mode) || !file->st.st_size)
		return EINVAL;
	*ret_why = "it runs with privileges, which a write takes away";
	if ((file->st.st_mode & (S_ISUID | S_ISGID)) ||
	    fgetxattr(file->fd, "security.capability", NULL, 0) >= 0)
		return EINVAL;
	*ret_why = "it is too large to copy; give a directory";
	if (file->st.st_size > TEST_FILE_MAX)
		return EFBIG;
	*ret_why = "there is no room for a copy and for restoring it";
	if (fstatvfs(file->fd, &vfs))
		return errno;
	if (vfs.f_bavail * vfs.f_frsize < 2 * (uint64_t)file->st.st_size)
		return ENOSPC;
	*ret_why =
		"nobody can tell whether others use it: no lease can be taken; give a directory";
	r = nobody_else_has_it(file->fd);
	if (r == EBUSY)
		*ret_why = "somebody else has it open; give a directory";
	return r;
}

static int make_copy(struct test_file *file, const char **ret_why)
{
	int n, r;

	*ret_why = NULL;
	n = snprintf(file->copy_path, sizeof(file->copy_path), "%s" COPY_SUFFIX,
		     file->path);
	if (n >= sizeof(file->copy_path))
		return ENAMETOOLONG;
	file->copy_fd = open(file->copy_path,
			     O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file->copy_fd < 0) {
		if (errno == EEXIST)
			*ret_why =
				"there is a copy of an earlier self-test (FILE" COPY_SUFFIX
				"), which did not restore it";
		return errno;
	}
	r = copy_data(file->fd, file->copy_fd, file->size);
	if (!r)
		r = compare_data(file->fd, file->copy_fd, file->size);
	if (!r && fsync(file->copy_fd))
		r = errno;
	if (r) {
		unlink(file->copy_path);
		close(file->copy_fd);
	}
	return r;
}

int test_file_open(const char *path, struct test_file *ret_file,
		   const char **ret_why)
{
	/* Large, because of its paths; this tool has one thread. */
	static struct test_file file;
	int r;

	memset(&file, 0, sizeof(file));
	file.copy_fd = -1;
	*ret_why = NULL;
	if (stat(path, &file.st))
		return errno;
	if (S_ISDIR(file.st.st_mode)) {
		r = open_scratch(path, &file);
		goto out;
	}
	snprintf(file.path, sizeof(file.path), "%s", path);
	file.fd = open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (file.fd < 0)
		return errno;
	r = fstat(file.fd, &file.st) ? errno : can_be_restored(&file, ret_why);
	if (!r) {
		file.size = file.st.st_size;
		r = make_copy(&file, ret_why);
	}
	if (r)
		close(file.fd);
out:
	if (!r)
		*ret_file = file;
	return r;
}

int test_file_restore(struct test_file *file)
{
	const struct timespec times[] = {file->st.st_atim, file->st.st_mtim};
	int r = 0;

	if (file->is_scratch) {
		if (unlink(file->path))
			r = errno;
		close(file->fd);
		return r;
	}
	r = copy_data(file->copy_fd, file->fd, file->size);
	if (!r)
		r = compare_data(file->copy_fd, file->fd, file->size);
	if (!r && (futimens(file->fd, times) || fsync(file->fd)))
		r = errno;
	if (!r && unlink(file->copy_path))
		r = errno;
	close(file->copy_fd);
	close(file->fd);
	return r;
}
