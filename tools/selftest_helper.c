// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The process of the self-test that does to the file what others do. */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <unistd.h>

#include "selftest_helper.h"

/* As cat(1) does */
static int read_all(const char *path)
{
	char buffer[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return errno;
	while ((n = read(fd, buffer, sizeof(buffer))) > 0)
		;
	n = n ? errno : 0;
	close(fd);
	return n;
}

static int punch(const char *path, uint64_t size)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	int r = 0;

	if (fd < 0)
		return errno;
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, size))
		r = errno;
	close(fd);
	return r;
}

static void operate(const struct test_file *file, const char *device, int sock)
{
	const char *path = file->path;
	char what;
	int r;

	while (read(sock, &what, 1) == 1) {
		if (what == 't')
			r = truncate(path, 0) ? errno : 0;
		else if (what == 'c')
			r = read_all(path);
		else
			r = punch(path, file->size);
		if (write(sock, &r, sizeof(r)) != sizeof(r))
			break;
	}
}

int helper_start(const struct test_file *file, struct child *ret_child)
{
	return child_start(file, NULL, operate, ret_child);
}

int helper_ask(const struct child *child, char what)
{
	return child_ask(child, &what, 1);
}
