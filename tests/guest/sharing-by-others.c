// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * What other processes do to a file without taking blocks from it breaks no
 * lease and does not disturb a peer that writes into a memory region over it;
 * nor does the registration of another range of the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "stream.h"
#include "t.h"

#define STREAMED (1UL << 20)
#define FILE_LEN (4UL << 20)
#define OPERATION_MS 5000

static struct region region;
static char other_path[FILES_PATH_MAX], link_path[FILES_PATH_MAX];

static int op_open_read(int fd)
{
	char buf[4096];
	int other = open(region.path, O_RDONLY | O_CLOEXEC);

	if (other < 0 || read(other, buf, sizeof(buf)) != sizeof(buf))
		return -1;
	return close(other);
}

static int op_write(int fd)
{
	return pwrite(fd, "others", 6, STREAMED) == 6 ? 0 : -1;
}

static int op_append(int fd)
{
	return pwrite(fd, "others", 6, FILE_LEN) == 6 ? 0 : -1;
}

static int op_store(int fd)
{
	char *addr =
		mmap(NULL, FILE_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (addr == MAP_FAILED)
		return -1;
	addr[STREAMED + 1] = 'o';
	return munmap(addr, FILE_LEN);
}

static int op_fsync(int fd)
{
	return fsync(fd);
}

static int op_truncate_grow(int fd)
{
	return truncate(region.path, FILE_LEN + 12345);
}

static int op_ftruncate_grow(int fd)
{
	return ftruncate(fd, 2 * FILE_LEN);
}

static int op_fallocate(int fd)
{
	return fallocate(fd, 0, 0, 2 * FILE_LEN + 8192);
}

static int op_fallocate_keep_size(int fd)
{
	return fallocate(fd, FALLOC_FL_KEEP_SIZE, 0, 3 * FILE_LEN);
}

static int op_rename(int fd)
{
	return rename(region.path, other_path);
}

static int op_link(int fd)
{
	return link(other_path, link_path);
}

static int op_chmod(int fd)
{
	return fchmod(fd, 0600) || fchmod(fd, 0644);
}

static int op_unlink(int fd)
{
	return unlink(other_path) || unlink(link_path);
}

static const struct operation {
	const char *name;
	int (*run)(int fd);
} operations[] = {
	{"open and read", op_open_read},
	{"write", op_write},
	{"write that appends", op_append},
	{"store into a mapping", op_store},
	{"fsync", op_fsync},
	{"truncate that grows", op_truncate_grow},
	{"ftruncate that grows", op_ftruncate_grow},
	{"fallocate", op_fallocate},
	{"fallocate that keeps the size", op_fallocate_keep_size},
	{"rename", op_rename},
	{"link", op_link},
	{"chmod", op_chmod},
	{"unlink", op_unlink},
};

#define N_OPERATIONS (sizeof(operations) / sizeof(operations[0]))

/* Each time with the descriptor that was opened at first: names change */
static int operate(void *arg, long number)
{
	static int fd = -1;

	if (fd < 0)
		fd = open(region.path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	return operations[number].run(fd) ? errno : 0;
}

static void check_stream(struct stream *stream, const char *what)
{
	struct guard_leases leases = guard_leases(region.fd);

	t_ok(!stream_first_error_ns(stream) &&
		     stream_wait_successes(stream, 20, 30000) &&
		     !stream_first_error_ns(stream),
	     "%s: the stream goes on without an error", what);
	t_ok(leases.held == 1 && !leases.breaking && !guard_stats().breaks,
	     "%s: the lease is held, unbroken", what);
}

static void register_second_range(struct stream *stream, struct verbs *verbs)
{
	struct ibv_mr *mr;

	mr = ibv_reg_mr(verbs->pd, region.addr + STREAMED, STREAMED,
			VERBS_ACCESS);
	t_zero(mr ? 0 : errno, "registering another range");
	check_stream(stream, "another range is registered");
	if (mr)
		t_zero(ibv_dereg_mr(mr), "deregistering it");
	check_stream(stream, "another range was deregistered");
}

int main(int argc, char **argv)
{
	struct t_child_result result;
	struct stream stream;
	struct t_child child;
	struct verbs verbs;
	size_t i;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(other_path, argv[1], "sharing-renamed");
	files_path(link_path, argv[1], "sharing-linked");
	region_create(&region, argv[1], "sharing", FILE_LEN);
	t_child_start(&child, operate, NULL);
	stream_fork_peer(&stream);
	verbs_open(&verbs);
	region_register(&region, &verbs);

	stream_start(&stream, &verbs, region.addr, STREAMED, region.mr->rkey);
	check_stream(&stream, "at first");
	register_second_range(&stream, &verbs);
	for (i = 0; i < N_OPERATIONS; i++) {
		result = t_child_run(&child, i, OPERATION_MS);
		t_zero(result.err, "%s by another process, %.0f ms",
		       operations[i].name,
		       t_ms(result.end_ns - result.begin_ns));
		check_stream(&stream, operations[i].name);
	}
	stream_stop(&stream);

	t_ok(guard_stats().guarded_mrs == 1, "the region is guarded");
	region_deregister(&region);
	t_ok(!guard_leases(region.fd).held, "no lease is left");
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&child);
	return t_done();
}
