// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* open(2) on a machine with other settings and disks */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../lib/test.h"
#include "base/sys.h"
#include "fake_open.h"

int __real_sys_open(const char *path, int flags, mode_t mode);
int __wrap_sys_open(const char *path, int flags, mode_t mode);

#define DISKS "/sys/dev/block/"

/* Threads of ours open files as they start. */
static struct {
	_Atomic(const char *) path, text, target;
	_Atomic int error;	/* of open(2); 0: it has @text, or is @target */
} files[FAKE_OPEN_FILES];

static void set(const char *path, const char *text, int error)
{
	size_t i;

	for (i = 0; files[i].path && strcmp(path, files[i].path); i++)
		assert_true(i < N_OF(files) - 1);
	files[i].text = text;
	files[i].target = NULL;
	files[i].error = error;
	files[i].path = path;
}

void fake_open_file(const char *path, const char *text)
{
	set(path, text, 0);
}

void fake_open_fails(const char *path, int error)
{
	set(path, NULL, error);
}

void fake_open_leads_to(const char *path, const char *target)
{
	size_t i;

	set(path, NULL, 0);
	for (i = 0; strcmp(path, files[i].path); i++)
		;
	files[i].target = target;
}

void fake_open_reset(void)
{
	size_t i;

	for (i = 0; i < N_OF(files); i++)
		files[i].path = NULL;
}

static int open_text(const char *text)
{
	int fd = memfd_create("fake", MFD_CLOEXEC);
	size_t size = strlen(text);

	if (fd >= 0 && sys_write(fd, text, size) != (ssize_t)size) {
		(void)sys_close(fd);
		return -1;
	}
	(void)sys_call(SYS_lseek, fd, 0, SEEK_SET, 0, 0, 0);
	return fd;
}

int __wrap_sys_open(const char *path, int flags, mode_t mode)
{
	size_t i;

	for (i = 0; i < N_OF(files) && files[i].path; i++)
		if (!strcmp(path, files[i].path)) {
			if (files[i].target)
				return __real_sys_open(files[i].target, flags,
						       mode);
			errno = files[i].error;
			return errno ? -1 : open_text(files[i].text);
		}
	if (!strncmp(path, DISKS, strlen(DISKS)))
		return open_text("0\n");
	return __real_sys_open(path, flags, mode);
}
