// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* open(2) on a machine with other settings and disks */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../lib/test.h"
#include "fake_open.h"

int __real_open(const char *path, int flags, ...);
int __wrap_open(const char *path, int flags, ...);

#define DISKS "/sys/dev/block/"

static struct {
	const char *path, *text;
	int error;	/* of open(2); 0: it has @text */
} files[FAKE_OPEN_FILES];

static void set(const char *path, const char *text, int error)
{
	size_t i;

	for (i = 0; files[i].path && strcmp(path, files[i].path); i++)
		assert_true(i < N_OF(files) - 1);
	files[i].path = path;
	files[i].text = text;
	files[i].error = error;
}

void fake_open_file(const char *path, const char *text)
{
	set(path, text, 0);
}

void fake_open_fails(const char *path, int error)
{
	set(path, NULL, error);
}

void fake_open_reset(void)
{
	memset(files, 0, sizeof(files));
}

static int open_text(const char *text)
{
	int fd = memfd_create("fake", MFD_CLOEXEC);
	size_t size = strlen(text);

	if (fd >= 0 && pwrite(fd, text, size, 0) != (ssize_t)size) {
		close(fd);
		return -1;
	}
	return fd;
}

int __wrap_open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;
	size_t i;

	va_start(args, flags);
	mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;
	va_end(args);
	for (i = 0; i < N_OF(files) && files[i].path; i++)
		if (!strcmp(path, files[i].path)) {
			errno = files[i].error;
			return errno ? -1 : open_text(files[i].text);
		}
	if (!strncmp(path, DISKS, strlen(DISKS))) {
		errno = ENOENT;
		return -1;
	}
	return __real_open(path, flags, mode);
}
