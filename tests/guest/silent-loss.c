// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The control on a stock kernel, without pinsafe: a truncate or a hole under
 * a memory region leaves it working, RDMA says success, and what is written
 * is lost or what is read is stale.  The program succeeds if it sees that.
 *
 *   silent-loss TMPFS-DIR PAGECACHE-DIR
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "files.h"
#include "guard.h"
#include "t.h"
#include "verbs.h"

#define FILE_LEN (1UL << 20)
#define AT 8192
#define LEN 4096

enum { TRUNCATE, PUNCH };

static const char *const operation_names[] = {"truncate", "punch-hole"};
static char lost_path[FILES_PATH_MAX], stale_path[FILES_PATH_MAX];

/* Another process takes the pages; the file has its length back afterwards */
static int take_pages(void *path, long operation)
{
	int fd, err = 0;

	if (operation == TRUNCATE)
		return truncate(path, 0) || truncate(path, FILE_LEN) ? errno
								     : 0;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return errno;
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
		      FILE_LEN))
		err = errno;
	close(fd);
	return err;
}

/* A writable region over tmpfs: the write succeeds, the file has none of it */
static void lose_writes(struct verbs *verbs, struct t_child *child,
			long operation)
{
	int fd = files_create(lost_path, FILE_LEN, 'T');
	char *addr = files_map(fd, FILE_LEN);
	char data[LEN];
	struct ibv_mr *mr;
	uint64_t arrived;
	int status;

	mr = ibv_reg_mr(verbs->pd, addr, FILE_LEN, VERBS_ACCESS);
	if (!mr)
		t_bail("registering a tmpfs file");
	t_zero(t_child_run(child, operation, 10000).err, "tmpfs: %s",
	       operation_names[operation]);
	memset(data, 'W', LEN);
	status = verbs_write_once(verbs, data, LEN, addr + AT, mr->rkey);
	t_ok(status == IBV_WC_SUCCESS, "tmpfs: RDMA WRITE afterwards: %s",
	     ibv_wc_status_str(status));
	arrived = LEN - files_count_other(fd, AT, LEN, 'W');
	t_ok(!arrived && addr[AT] == 0,
	     "tmpfs: %llu of %d bytes written are in the file: lost",
	     (unsigned long long)arrived, LEN);
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
	munmap(addr, FILE_LEN);
	close(fd);
	unlink(lost_path);
}

/* A region for reading over the page cache: reads give what is long gone */
static void read_stale(struct verbs *verbs, struct t_child *child,
		       long operation)
{
	int fd = files_create(stale_path, FILE_LEN, 'O');
	char *addr = files_map(fd, FILE_LEN);
	char data[LEN] = "", expected[LEN];
	struct ibv_mr *mr;
	int status;

	t_ok(!files_is_dax(fd), "page cache: the file is not DAX");
	mr = ibv_reg_mr(verbs->pd, addr, FILE_LEN, IBV_ACCESS_REMOTE_READ);
	if (!mr)
		t_bail("registering a page-cache file for reading");
	t_zero(t_child_run(child, operation, 10000).err, "page cache: %s",
	       operation_names[operation]);
	t_ok(!files_count_other(fd, AT, LEN, 0),
	     "page cache: the file reads as zeros");
	memset(expected, 'O', LEN);
	status = verbs_read_once(verbs, data, LEN, addr + AT, mr->rkey);
	t_ok(status == IBV_WC_SUCCESS, "page cache: RDMA READ afterwards: %s",
	     ibv_wc_status_str(status));
	t_ok(!memcmp(data, expected, LEN),
	     "page cache: it gave the data from before: stale");
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
	munmap(addr, FILE_LEN);
	close(fd);
	unlink(stale_path);
}

int main(int argc, char **argv)
{
	struct t_child loser, staler;
	struct verbs verbs;
	long operation;

	if (argc != 3)
		t_bail("usage: TMPFS-DIR PAGECACHE-DIR");
	if (guard_loaded())
		t_bail("a control runs without pinsafe");
	files_path(lost_path, argv[1], "silent-loss");
	files_path(stale_path, argv[2], "silent-loss");
	if (strcmp(files_fs_name(argv[1]), "tmpfs"))
		t_bail("%s is not tmpfs", argv[1]);
	t_child_start(&loser, take_pages, lost_path);
	t_child_start(&staler, take_pages, stale_path);
	verbs_open(&verbs);
	for (operation = TRUNCATE; operation <= PUNCH; operation++) {
		lose_writes(&verbs, &loser, operation);
		read_stale(&verbs, &staler, operation);
	}
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&loser);
	t_child_stop(&staler);
	return t_done();
}
