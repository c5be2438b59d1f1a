// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Real files and mappings of this machine. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "test.h"

#define NOBODY 65534

size_t page_size(void)
{
	return sysconf(_SC_PAGESIZE);
}

void file_make(struct file *file, const char *dir, size_t pages)
{
	struct stat st;

	snprintf(file->path, sizeof(file->path), "%s/pinsafe-unit-XXXXXX", dir);
	file->fd = mkostemp(file->path, O_CLOEXEC);
	assert_true(file->fd >= 0);
	assert_int_equal(ftruncate(file->fd, pages * page_size()), 0);
	assert_int_equal(fstat(file->fd, &st), 0);
	file->dev = st.st_dev;
	file->ino = st.st_ino;
}

char *file_map(const struct file *file, size_t first, size_t pages, int prot,
	       void *at)
{
	char *addr;

	addr = mmap(at, pages * page_size(), prot,
		    MAP_SHARED | (at ? MAP_FIXED : 0), file->fd,
		    first * page_size());
	assert_ptr_not_equal(addr, MAP_FAILED);
	return addr;
}

void file_fill(const struct file *file, size_t first, size_t pages)
{
	size_t size = pages * page_size();
	char *data = malloc(size);

	assert_non_null(data);
	memset(data, 'x', size);
	assert_int_equal(pwrite(file->fd, data, size, first * page_size()),
			 size);
	free(data);
}

bool file_has_data(const struct file *file, size_t page)
{
	off_t at = page * page_size();

	return lseek(file->fd, at, SEEK_DATA) == at;
}

void file_close(struct file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

void file_unlink(struct file *file)
{
	if (file->path[0])
		assert_int_equal(unlink(file->path), 0);
	file->path[0] = '\0';
}

void file_put(struct file *file)
{
	file_close(file);
	file_unlink(file);
}

char *addresses(size_t pages)
{
	char *addr = mmap(NULL, pages * page_size(), PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(addr, MAP_FAILED);
	return addr;
}

const char *file_text(const char *path)
{
	static char text[8192];
	FILE *stream = fopen(path, "re");
	size_t n;

	assert_non_null(stream);
	n = fread(text, 1, sizeof(text) - 1, stream);
	fclose(stream);
	text[n] = '\0';
	return text;
}

void privileges_drop(void)
{
	if (geteuid() == 0)
		assert_int_equal(seteuid(NOBODY), 0);
}

void privileges_regain(void)
{
	if (getuid() == 0) {
		assert_int_equal(seteuid(0), 0);
		/* For the leak check of the sanitizers */
		prctl(PR_SET_DUMPABLE, 1);
	}
}

size_t descriptors_limit(size_t n)
{
	struct rlimit limit;
	size_t before;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	before = limit.rlim_cur;
	limit.rlim_cur = n;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	return before;
}
