// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Under LD_PRELOAD: arguments, results and errno of each function go through
 * the preload object as they are, also before it is ready.
 */
#include <aio.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/fs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/next.h"

#define OTHER_ERRNO 9999
#define BASE 0x7000000000
#define AT(offset) ((void *)(uintptr_t)(BASE + (offset)))

static struct file file;

static int setup(void **state)
{
	memset(&next, 0, sizeof(next));
	file_make(&file, DISK, 4);
	return 0;
}

static int teardown(void **state)
{
	next.wanted = NULL;
	file_put(&file);
	return 0;
}

#define CALL_CASE(fn) CASE_WITH(fn, setup, teardown)

static void assert_arguments(const uintptr_t *expected)
{
	assert_int_equal(next.n_calls, 1);
	assert_memory_equal(next.arguments, expected, sizeof(next.arguments));
}

/*
 * Once as it succeeds, which leaves errno alone, and once as it fails, which
 * says so
 */
#define GOES_THROUGH(name, result_if_ok, call, ...)                            \
	do {                                                                   \
		static const intptr_t results[] = {result_if_ok, -1};          \
		static const int errors[] = {0, OTHER_ERRNO};                  \
		const uintptr_t expected[6] = {__VA_ARGS__};                   \
		intptr_t result;                                               \
		size_t i;                                                      \
                                                                               \
		for (i = 0; i < N_OF(results); i++) {                          \
			next.n_calls = 0;                                      \
			next.result = results[i];                              \
			next.error = errors[i];                                \
			next.first = expected[0];                              \
			next.wanted = name;                                    \
			errno = 8888;                                          \
			result = (intptr_t)(call);                             \
			next.wanted = NULL;                                    \
			assert_int_equal(errno, errors[i] ? errors[i] : 8888); \
			assert_int_equal(result, results[i]);                  \
			assert_arguments(expected);                            \
		}                                                              \
	} while (0)

CASE(preloaded__or_nothing_is_tested)
{
	assert_string_not_equal(getenv("LD_PRELOAD") ?: "", "");
}

CASE(before_the_constructor__to_the_next)
{
	assert_int_equal(next_early.was_called, 1);
	assert_int_equal(next_early.n_failed, 0);
	assert_int_equal(next_early.n_recorded, next_early.n_called);
}

CALL_CASE(mmap__through)
{
	GOES_THROUGH("mmap", BASE,
		     mmap(AT(0), 0x3000, PROT_READ, MAP_PRIVATE, 17, 0x5000),
		     BASE, 0x3000, PROT_READ, MAP_PRIVATE, 17, 0x5000);
}

CALL_CASE(mmap__shared_and_fixed)
{
	GOES_THROUGH("mmap", BASE,
		     mmap(AT(0), 0x3000, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_FIXED, file.fd, 0x5000),
		     BASE, 0x3000, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_FIXED, file.fd, 0x5000);
}

CALL_CASE(mmap64__through)
{
	GOES_THROUGH("mmap", BASE,
		     mmap64(AT(0), 0x3000, PROT_READ, MAP_SHARED, file.fd,
			    0x5000000000),
		     BASE, 0x3000, PROT_READ, MAP_SHARED, file.fd,
		     0x5000000000);
}

CALL_CASE(munmap__through)
{
	GOES_THROUGH("munmap", 0, munmap(AT(0), 0x3000), BASE, 0x3000);
}

CALL_CASE(mremap__through)
{
	GOES_THROUGH("mremap", BASE,
		     mremap(AT(0), 0x3000, 0x5000, MREMAP_MAYMOVE), BASE,
		     0x3000, 0x5000, MREMAP_MAYMOVE, 0);
}

CALL_CASE(mremap__fixed)
{
	GOES_THROUGH("mremap", BASE,
		     mremap(AT(0), 0x3000, 0x5000,
			    MREMAP_MAYMOVE | MREMAP_FIXED, AT(0x100000)),
		     BASE, 0x3000, 0x5000, MREMAP_MAYMOVE | MREMAP_FIXED,
		     BASE + 0x100000);
}

/* Where the address is only a hint */
CALL_CASE(mremap__dont_unmap)
{
	GOES_THROUGH("mremap", BASE,
		     mremap(AT(0), 0x3000, 0x3000,
			    MREMAP_MAYMOVE | MREMAP_DONTUNMAP, AT(0x100000)),
		     BASE, 0x3000, 0x3000, MREMAP_MAYMOVE | MREMAP_DONTUNMAP,
		     BASE + 0x100000);
}

CALL_CASE(madvise__through)
{
	GOES_THROUGH("madvise", 0, madvise(AT(0), 0x3000, MADV_DONTNEED), BASE,
		     0x3000, MADV_DONTNEED);
}

CALL_CASE(madvise__remove)
{
	char *addr = file_map(&file, 0, 4, PROT_READ | PROT_WRITE, NULL);
	size_t size = 4 * page_size();

	GOES_THROUGH("madvise", 0, madvise(addr, size, MADV_REMOVE),
		     (uintptr_t)addr, size, MADV_REMOVE);
	assert_int_equal(munmap(addr, size), 0);
}

CALL_CASE(msync__through)
{
	GOES_THROUGH("msync", 0, msync(AT(0), 0x3000, MS_SYNC), BASE, 0x3000,
		     MS_SYNC);
}

CALL_CASE(fsync__through)
{
	GOES_THROUGH("fsync", 0, fsync(17), 17);
}

CALL_CASE(fdatasync__through)
{
	GOES_THROUGH("fdatasync", 0, fdatasync(17), 17);
}

CALL_CASE(sync_file_range__through)
{
	GOES_THROUGH("sync_file_range", 0,
		     sync_file_range(file.fd, 0x5000000000, 0x6000000000,
				     SYNC_FILE_RANGE_WRITE),
		     file.fd, 0x5000000000, 0x6000000000,
		     SYNC_FILE_RANGE_WRITE);
}

CALL_CASE(syncfs__through)
{
	GOES_THROUGH("syncfs", 0, syncfs(file.fd), file.fd);
}

CALL_CASE(sync__through)
{
	next.n_calls = 0;
	next.first = 0;
	next.wanted = "sync";
	sync();
	next.wanted = NULL;
	assert_int_equal(next.n_calls, 1);
}

CALL_CASE(aio_fsync__waits_for_libc)
{
	struct aiocb aiocb = {.aio_fildes = file.fd};
	const struct aiocb *list[] = {&aiocb};

	assert_int_equal(aio_fsync(O_SYNC, &aiocb), 0);
	while (aio_error(&aiocb) == EINPROGRESS)
		(void)aio_suspend(list, 1, NULL);
	assert_int_equal(aio_return(&aiocb), 0);
	errno = 0;
	assert_int_equal(aio_fsync(-1, &aiocb), -1);
	assert_int_equal(errno, EINVAL);
}

CALL_CASE(fcntl__through)
{
	GOES_THROUGH("fcntl", 77, fcntl(17, F_SETLK, AT(5)), 17, F_SETLK,
		     BASE + 5);
	GOES_THROUGH("fcntl", 0, fcntl(file.fd, F_SETFL, O_DIRECT), file.fd,
		     F_SETFL, O_DIRECT);
	GOES_THROUGH("fcntl", 0, fcntl64(17, F_SETFL, O_APPEND), 17, F_SETFL,
		     O_APPEND);
}

CALL_CASE(ftruncate__through)
{
	GOES_THROUGH("ftruncate", 0, ftruncate(file.fd, 0x5000000000), file.fd,
		     0x5000000000);
	GOES_THROUGH("ftruncate", 0, ftruncate64(file.fd, 0x5000000000),
		     file.fd, 0x5000000000);
	GOES_THROUGH("ftruncate", 0, ftruncate(-5, 1), -5, 1);
}

CALL_CASE(fallocate__through)
{
	GOES_THROUGH("fallocate", 0, fallocate(file.fd, 0, 1, 0x5000000000),
		     file.fd, 0, 1, 0x5000000000);
	GOES_THROUGH("fallocate", 0,
		     fallocate64(file.fd, FALLOC_FL_KEEP_SIZE, 1, 2), file.fd,
		     FALLOC_FL_KEEP_SIZE, 1, 2);
}

CALL_CASE(fallocate__punch_hole)
{
	int mode = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

	GOES_THROUGH("fallocate", 0, fallocate(file.fd, mode, 1, 2), file.fd,
		     mode, 1, 2);
	GOES_THROUGH("fallocate", 0, fallocate(-5, mode, 1, 2), -5, mode, 1, 2);
}

CALL_CASE(ioctl__through)
{
	GOES_THROUGH("ioctl", 77, ioctl(17, 0xdeadbeef, AT(5)), 17, 0xdeadbeef,
		     BASE + 5);
}

/* The argument is a number here. */
CALL_CASE(ioctl__clone)
{
	GOES_THROUGH("ioctl", 0, ioctl(file.fd, FICLONE, (long)17), file.fd,
		     FICLONE, 17);
	GOES_THROUGH("ioctl", 0, ioctl(file.fd, FICLONERANGE, AT(5)), file.fd,
		     FICLONERANGE, BASE + 5);
}

CALL_CASE(copy_file_range__through)
{
	off64_t *from = AT(8), *to = AT(16);

	GOES_THROUGH("copy_file_range", 0x5000000000,
		     copy_file_range(17, from, file.fd, to, 0x6000000000, 3),
		     17, BASE + 8, file.fd, BASE + 16, 0x6000000000, 3);
	GOES_THROUGH("copy_file_range", 1,
		     copy_file_range(17, NULL, 18, NULL, 1, 0), 17, 0, 18, 0, 1,
		     0);
}

CALL_CASE(real_calls__work)
{
	char *addr = file_map(&file, 0, 4, PROT_READ | PROT_WRITE, NULL);
	size_t size = 4 * page_size();

	strcpy(addr, "data");
	assert_int_equal(msync(addr, size, MS_SYNC), 0);
	assert_int_equal(fsync(file.fd), 0);
	assert_int_equal(madvise(addr, page_size(), MADV_REMOVE), 0);
	assert_string_equal(addr, "");
	assert_int_equal(ftruncate(file.fd, 0), 0);
	assert_int_equal(lseek(file.fd, 0, SEEK_END), 0);
	assert_int_equal(munmap(addr, size), 0);
	errno = 0;
	assert_int_equal(ftruncate(-1, 0), -1);
	assert_int_equal(errno, EBADF);
	assert_ptr_equal(
		mmap(NULL, 0, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
		MAP_FAILED);
	assert_int_equal(errno, EINVAL);
}

static const char *error_before_main;

/* Its own look-ups fail where it finds nothing. */
CASE(dlerror_before_main__NULL)
{
	assert_null(error_before_main);
}

int main(void)
{
	error_before_main = dlerror();
	return run_cases();
}
