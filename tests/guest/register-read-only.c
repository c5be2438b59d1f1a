// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A memory region that the device only reads shows what is stored in the file
 * later, also where the file had no blocks, or it is refused: never is it left
 * with a page of zeros that is not the file's.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define AT 40000
#define REFUSAL "a read-only mapping cannot allocate blocks"

static const char before[] = "stored before", later[] = "stored much later";

static struct ibv_mr *reg_read(struct verbs *verbs, void *addr)
{
	errno = 0;
	return ibv_reg_mr(verbs->pd, addr, FILE_LEN, IBV_ACCESS_REMOTE_READ);
}

static void make_sparse(struct region *file, bool unwritten)
{
	if (ftruncate(file->fd, 0) || ftruncate(file->fd, FILE_LEN))
		t_bail("making a sparse file");
	if (unwritten && fallocate(file->fd, 0, 0, FILE_LEN))
		t_bail("fallocate");
}

static void check_seen(struct verbs *verbs, struct ibv_mr *mr, const char *data,
		       size_t len, const char *what)
{
	char seen[64] = "";
	int status;

	status = verbs_read_once(verbs, seen, len, (char *)mr->addr + AT,
				 mr->rkey);
	t_ok(!status && !memcmp(seen, data, len), "%s: RDMA READ sees it: %s",
	     what, ibv_wc_status_str(status));
}

static void writable_mapping(struct verbs *verbs, struct region *file,
			     bool unwritten)
{
	const char *what = unwritten ? "unwritten extent" : "hole";
	struct ibv_mr *mr;
	struct stat st;

	make_sparse(file, unwritten);
	mr = reg_read(verbs, file->addr);
	t_zero(mr ? 0 : errno, "%s, writable mapping: ibv_reg_mr", what);
	if (!mr)
		return;
	t_ok(!fstat(file->fd, &st) && st.st_blocks * 512UL >= FILE_LEN,
	     "%s: all blocks are allocated", what);
	memcpy(file->addr + AT, later, sizeof(later));
	check_seen(verbs, mr, later, sizeof(later), what);
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
}

static void read_only_mapping(struct verbs *verbs, struct region *file,
			      bool unwritten, bool touched)
{
	const char *what = touched     ? "unwritten extent, read before"
			   : unwritten ? "unwritten extent"
				       : "hole";
	struct ibv_mr *mr;
	void *addr;
	int err;

	make_sparse(file, unwritten);
	addr = mmap(NULL, FILE_LEN, PROT_READ, MAP_SHARED, file->fd, 0);
	if (addr == MAP_FAILED)
		t_bail("mapping for reading");
	/* The kernel's lists of pages and of blocks may differ now. */
	if (touched && *((volatile char *)addr + AT))
		t_bail("no zeros in a new extent");
	mr = reg_read(verbs, addr);
	err = mr ? 0 : errno;
	t_ok(err == EFAULT, "%s, read-only mapping: ibv_reg_mr: %s", what,
	     t_errname(err));
	t_ok(rerun_log_count(REFUSAL) == 1, "%s: the log has the reason", what);
	rerun_log_clear();
	if (mr) {
		if (pwrite(file->fd, later, sizeof(later), AT) < 0)
			t_bail("writing");
		check_seen(verbs, mr, later, sizeof(later), what);
		ibv_dereg_mr(mr);
	}
	munmap(addr, FILE_LEN);
}

static void written_file(struct verbs *verbs, struct region *file,
			 struct t_child *truncater)
{
	struct ibv_mr *mr;
	char byte;
	void *addr;
	int err, status;

	memset(file->addr, '.', FILE_LEN);
	memcpy(file->addr + AT, before, sizeof(before));
	addr = mmap(NULL, FILE_LEN, PROT_READ, MAP_SHARED, file->fd, 0);
	if (addr == MAP_FAILED)
		t_bail("mapping for reading");
	errno = 0;
	mr = ibv_reg_mr(verbs->pd, addr, FILE_LEN, VERBS_ACCESS);
	err = mr ? 0 : errno;
	t_ok(err == EFAULT, "read-only mapping, for writing: %s",
	     t_errname(err));
	mr = reg_read(verbs, addr);
	t_zero(mr ? 0 : errno, "read-only mapping, for reading");
	if (!mr)
		return;
	t_ok(guard_leases(file->fd).held == 1, "it has a lease");
	check_seen(verbs, mr, before, sizeof(before), "read-only mapping");
	if (pwrite(file->fd, later, sizeof(later), AT) < 0)
		t_bail("writing");
	check_seen(verbs, mr, later, sizeof(later), "written since");
	t_zero(t_child_run(truncater, 0, guard_break_time_ms() / 2).err,
	       "truncate by another process");
	status = verbs_read_once(verbs, &byte, 1, addr, mr->rkey);
	t_ok(status > 0, "RDMA READ fails: %s", ibv_wc_status_str(status));
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
	munmap(addr, FILE_LEN);
}

int main(int argc, char **argv)
{
	struct t_child truncater;
	struct region file;
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	region_create(&file, argv[1], "read-only", FILE_LEN);
	t_child_start(&truncater, region_truncate, file.path);
	verbs_open(&verbs);
	writable_mapping(&verbs, &file, false);
	writable_mapping(&verbs, &file, true);
	read_only_mapping(&verbs, &file, false, false);
	read_only_mapping(&verbs, &file, true, false);
	read_only_mapping(&verbs, &file, true, true);
	written_file(&verbs, &file, &truncater);
	t_ok(!guard_leases(file.fd).held, "no lease is left");
	region_destroy(&file);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&truncater);
	return t_done();
}
