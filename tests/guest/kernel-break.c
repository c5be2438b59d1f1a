// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What breaks a layout lease and what does not: each operation by another
 * process, on a file with a lease and a memory region.
 *
 * The holder first cooperates: on the signal it deregisters and unlocks, and
 * the operation has to succeed well before the time is up.  Then again, it does
 * nothing, and the operation has to fail with ETXTBSY and leave all as it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "kernel-common.h"
#include "kernel-operations.h"

#define LEN (2 * K_MIB)
#define SIZE (LEN - 1000)	/* of the file, no multiple of a block */
#define FILL 'f'

static int by_one_byte(const char *path)
{
	return k_done(truncate(path, SIZE - 1));
}

static int fd_shrink(const char *path)
{
	return k_done(ftruncate(open(path, O_RDWR), 65536));
}

static int same_size(const char *path)
{
	return k_done(truncate(path, SIZE));
}

static int grow(const char *path)
{
	return k_done(truncate(path, 2 * LEN + 1));
}

static int fd_grow(const char *path)
{
	return k_done(ftruncate(open(path, O_RDWR), LEN));
}

static int alloc_again(const char *path)
{
	return k_falloc(path, 0, 0, SIZE);
}

static int alloc_more(const char *path)
{
	return k_falloc(path, 0, 0, 2 * LEN);
}

static int alloc_keep(const char *path)
{
	return k_falloc(path, FALLOC_FL_KEEP_SIZE, 0, 2 * LEN);
}

/* Blocks beyond EOF cannot be mapped, and so not be pinned. */
static int alloc_and_free_beyond(const char *path)
{
	int err = alloc_keep(path);

	return err ? err : same_size(path);
}

static int punch_beyond(const char *path)
{
	return k_falloc(path, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 4 * LEN,
		      65536);
}

static int zero(const char *path)
{
	return k_falloc(path, FALLOC_FL_ZERO_RANGE, 65536, 65536);
}

static int collapse(const char *path)
{
	return k_falloc(path, FALLOC_FL_COLLAPSE_RANGE, 65536, 65536);
}

static int insert(const char *path)
{
	return k_falloc(path, FALLOC_FL_INSERT_RANGE, 65536, 65536);
}

static int madv_remove(const char *path)
{
	return k_madv_remove(path, 0, 65536);
}

static int read_all(const char *path)
{
	static char buf[LEN];

	return k_done(read(open(path, O_RDONLY), buf, LEN));
}

static int write_some(const char *path)
{
	char buf[8192];

	memset(buf, FILL, sizeof(buf));
	return k_done(pwrite(open(path, O_RDWR), buf, sizeof(buf), 5000));
}

static int append(const char *path)
{
	return k_done(write(open(path, O_RDWR | O_APPEND), "more", 4));
}

static int store(const char *path)
{
	char *map = mmap(NULL, LEN, PROT_READ | PROT_WRITE, MAP_SHARED,
			 open(path, O_RDWR), 0);

	if (map == MAP_FAILED)
		return errno;
	memset(map, FILL, SIZE);
	return k_done(msync(map, LEN, MS_SYNC));
}

static int names(const char *path)
{
	char path2[300];

	snprintf(path2, sizeof(path2), "%s.2", path);
	return k_done(rename(path, path2) || link(path2, path) || unlink(path2) ?
			    -1 : 0);
}

static int unlink_it(const char *path)
{
	return k_done(unlink(path));
}

static int attributes(const char *path)
{
	return k_done(chmod(path, 0600) || chown(path, 0, 0) ||
				    setxattr(path, "user.x", "y", 1, 0) ?
			    -1 : 0);
}

static int sync_it(const char *path)
{
	return k_done(fsync(open(path, O_RDWR)));
}

static int swap_extents(const char *path)
{
	return k_swap_extents(path, SIZE);
}

static const struct operation {
	const char *name;
	k_op_fn *fn;
	bool breaks;
	bool ignore;	/* test the uncooperative holder, too */
	const char *fs;
} operations[] = {
	{ "truncate(2) to less", k_shrink, true, true, NULL },
	{ "truncate(2) to 0", k_to_zero, true, false, NULL },
	{ "truncate(2) by one byte", by_one_byte, true, false, NULL },
	{ "ftruncate(2) to less", fd_shrink, true, true, NULL },
	{ "open(O_TRUNC)", k_open_trunc, true, true, NULL },
	{ "PUNCH_HOLE", k_punch, true, true, NULL },
	{ "PUNCH_HOLE beyond EOF", punch_beyond, true, false, NULL },
	{ "ZERO_RANGE", zero, true, true, NULL },
	{ "COLLAPSE_RANGE", collapse, true, true, NULL },
	{ "INSERT_RANGE", insert, true, true, NULL },
	{ "MADV_REMOVE", madv_remove, true, false, NULL },
	{ "EXT4_IOC_SWAP_BOOT", k_swap_boot, true, true, "ext4" },
	{ "XFS_IOC_SWAPEXT", swap_extents, true, true, "xfs" },
	{ "truncate(2) to the same size", same_size, false, false, NULL },
	{ "truncate(2) to more", grow, false, false, NULL },
	{ "ftruncate(2) to more", fd_grow, false, false, NULL },
	{ "fallocate(2) of what is there", alloc_again, false, false, NULL },
	{ "fallocate(2) beyond EOF", alloc_more, false, false, NULL },
	{ "FALLOC_FL_KEEP_SIZE", alloc_keep, false, false, NULL },
	{ "that, and truncate(2) to the same size", alloc_and_free_beyond,
	  false, false, NULL },
	{ "open and read", read_all, false, false, NULL },
	{ "open and write", write_some, false, false, NULL },
	{ "append", append, false, false, NULL },
	{ "store through a mapping, msync", store, false, false, NULL },
	{ "fsync", sync_it, false, false, NULL },
	{ "rename, link, unlink", names, false, false, NULL },
	{ "chmod, chown, setxattr", attributes, false, false, NULL },
	{ "unlink", unlink_it, false, false, NULL },
};

/* Something else than zeroes right behind EOF must not bother anybody. */
static struct k_file new_file(struct ibv_mr **ret_mr)
{
	struct k_file file = k_file("f", LEN, FILL);
	int err;

	if (ftruncate(file.fd, SIZE))
		k_bail("ftruncate");
	memset(file.map + SIZE, 'x', LEN - SIZE);
	err = k_lease(file.fd, F_LAYOUT);
	if (!err)
		*ret_mr = k_reg(file.map, LEN, K_WRITE, &err);
	if (err)
		k_bail(k_err(err));
	return file;
}

static bool intact(const struct k_file *file)
{
	struct k_file start = *file;

	start.len = SIZE;
	return k_filled(&start, FILL);
}

static void close_file(struct k_file *file, struct ibv_mr **mr)
{
	k_dereg(mr);
	k_lease(file->fd, F_UNLCK);
	k_file_close(file);
	while (k_break(NULL, 0))
		;
}

static void check_break(const struct operation *o)
{
	struct ibv_mr *mr;
	struct k_file file = new_file(&mr);
	struct k_op op = k_start(o->fn, file.path);
	struct k_result r;
	bool broken = k_break(NULL, K_SOON);

	k_dereg(&mr);
	k_lease(file.fd, F_UNLCK);
	r = k_wait(&op, 5000);
	k_check(broken && !r.err && r.time < 1,
		"%s: %s, %s after %.3f s when the holder gives way", o->name,
		broken ? "break" : "NO BREAK", k_err(r.err), r.time);
	close_file(&file, &mr);
}

static void check_ignore(const struct operation *o)
{
	struct ibv_mr *mr;
	struct k_file file = new_file(&mr);
	struct stat before, after;
	struct k_result r;

	fstat(file.fd, &before);
	r = k_run(o->fn, file.path);
	fstat(file.fd, &after);
	k_check(r.err == ETXTBSY && r.time > K_BREAK_TIME - 0.5 &&
			r.time < K_BREAK_TIME + 1 && intact(&file) &&
			before.st_size == after.st_size &&
			before.st_blocks == after.st_blocks,
		"%s: %s after %.1f s when it does not, the file is %s", o->name,
		k_err(r.err), r.time, intact(&file) ? "intact" : "DAMAGED");
	close_file(&file, &mr);
}

static void check_no_break(const struct operation *o)
{
	static char buf[8];
	struct ibv_mr *mr;
	struct k_file file = new_file(&mr);
	struct k_result r = k_run(o->fn, file.path);
	bool broken = k_break(NULL, 0);
	int type = fcntl(file.fd, F_GETLEASE), wc;

	/* The blocks are still the file's. */
	wc = k_rdma_write(mr, file.map + 40960, "written", 8);
	if (pread(file.fd, buf, 8, 40960) != 8)
		buf[0] = 0;
	k_check(!r.err && !broken && type == F_LAYOUT && !wc &&
			!memcmp(buf, "written", 8),
		"%s: %s, %s, the MR %s", o->name,
		broken ? "BREAK" : "no break", k_err(r.err),
		wc || memcmp(buf, "written", 8) ? "LOST THE FILE" : "works");
	memset(file.map + 40960, FILL, 8);
	k_check(intact(&file), "... and the file is intact");
	close_file(&file, &mr);
}

static bool zeroes_behind(const struct k_file *file)
{
	size_t i;

	for (i = SIZE; i < LEN; i++)
		if (file->map[i])
			return false;
	return true;
}

/* Without a lease and pins; ext4 of 6.1 does not. */
static bool growth_zeroes(void)
{
	struct k_file file = k_file("g", LEN, FILL);
	struct k_result r;
	bool zeroes;

	if (ftruncate(file.fd, SIZE))
		k_bail("ftruncate");
	memset(file.map + SIZE, 'x', LEN - SIZE);
	r = k_run(grow, file.path);
	zeroes = !r.err && zeroes_behind(&file);
	k_file_close(&file);
	return zeroes;
}

/* What growth uncovers is zeroes, though there was something behind EOF. */
static void tail(void)
{
	struct ibv_mr *mr;
	struct k_file file = new_file(&mr);
	struct k_result r;
	bool zeroes;

	if (k_rdma_write(mr, file.map + SIZE, "RDMA beyond EOF",
		   15))
		k_bail("RDMA");
	r = k_run(grow, file.path);
	zeroes = zeroes_behind(&file);
	k_check(!r.err && !k_break(NULL, 0), "growth under a pin: %s",
		k_err(r.err));
	if (zeroes || growth_zeroes())
		k_check(zeroes, "... what was written beyond EOF is zeroed");
	else
		k_note("... NOT CHECKED that it zeroes what was beyond EOF: "
		       "this kernel does not, pinned or not");
	close_file(&file, &mr);
}

int main(int argc, char **argv)
{
	const struct operation *o;
	size_t i;

	k_begin_layout(argc, argv, 180);
	for (i = 0; i < sizeof(operations) / sizeof(*operations); i++) {
		o = &operations[i];
		if (o->fs && !strcmp(o->fs, "xfs") != k_is_xfs())
			continue;
		if (o->breaks)
			check_break(o);
		else
			check_no_break(o);
		if (o->ignore)
			check_ignore(o);
	}
	tail();
	return k_end();
}
