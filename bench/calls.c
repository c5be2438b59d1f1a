// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What is added to functions of libc that concern nothing guarded?
 *
 * By the name of libc's function, and as the bare system call, in one process:
 * the layout of the mappings of two processes alone makes a difference.
 *
 *   leases N    so many files are leased, by a memory region each
 *   regions N   so many more memory regions over one file
 *   kept N      so many shared mappings of files that are watched
 *   NAME N, raw_NAME N   N calls
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/bench.h"

static int fd;
static char *mapped;

static void op_leases(long n)
{
	struct bench_file file;

	while (n--) {
		bench_map(&file, BENCH_PAGE);
		bench_reg(file.addr, BENCH_PAGE);
		unlink(file.path);
	}
}

static void op_regions(long n)
{
	struct bench_file file;

	bench_map(&file, BENCH_PAGE);
	while (n--)
		bench_reg(file.addr, BENCH_PAGE);
	unlink(file.path);
}

static void op_kept(long n)
{
	struct bench_file file;

	while (n--) {
		bench_map(&file, BENCH_PAGE);
		unlink(file.path);
	}
}

static void op_ftruncate(long n)
{
	while (n--)
		if (ftruncate(fd, BENCH_PAGE << (n & 1)))
			BENCH_DIE("ftruncate");
}

static void op_raw_ftruncate(long n)
{
	while (n--)
		if (syscall(SYS_ftruncate, fd, BENCH_PAGE << (n & 1)))
			BENCH_DIE("ftruncate");
}

static void op_fsync(long n)
{
	while (n--)
		if (fsync(fd))
			BENCH_DIE("fsync");
}

static void op_raw_fsync(long n)
{
	while (n--)
		if (syscall(SYS_fsync, fd))
			BENCH_DIE("fsync");
}

static void op_msync(long n)
{
	while (n--)
		if (msync(mapped, BENCH_PAGE, MS_ASYNC))
			BENCH_DIE("msync");
}

static void op_raw_msync(long n)
{
	while (n--)
		if (syscall(SYS_msync, mapped, BENCH_PAGE, MS_ASYNC))
			BENCH_DIE("msync");
}

int main(void)
{
	static const struct bench_op ops[] = {
		{ "leases", op_leases },
		{ "regions", op_regions },
		{ "kept", op_kept },
		{ "mmap", bench_mmap },
		{ "raw_mmap", bench_raw_mmap },
		{ "ftruncate", op_ftruncate },
		{ "raw_ftruncate", op_raw_ftruncate },
		{ "fsync", op_fsync },
		{ "raw_fsync", op_raw_fsync },
		{ "msync", op_msync },
		{ "raw_msync", op_raw_msync },
		{ NULL, NULL },
	};
	struct bench_file file;

	bench_more_files();
	bench_open();
	/* On disk, as it would be guarded; the mapping is of another file. */
	bench_map(&file, BENCH_PAGE);
	fd = open(file.path, O_RDWR | O_CLOEXEC);
	bench_unmap(&file);
	bench_map(&file, BENCH_PAGE);
	bench_populate(&file);
	unlink(file.path);
	mapped = file.addr;
	return bench_serve(ops);
}
