// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The holes of ordinary leases that Documentation/limits.md tells of: what
 * breaks none although it takes pages away, so that the device goes on in
 * pages that the file does not have any more.  When this test fails, a hole is
 * closed, and the documentation is to say so.
 *
 *   lease-holes DIR description
 *	another process has the open file description that the lease is on
 *   lease-holes DIR readers
 *	a lease against writers, and open(O_RDONLY|O_TRUNC)
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define AT 20480
#define FILL 'r'
#define STEP_MS 8000

static struct verbs verbs;
static struct region region;

/* Requests to other processes */
enum {
	FTRUNCATE, /* through the descriptor that it has inherited */
	PUNCH_HOLE,
	TRUNCATE, /* through the path, which breaks every lease */
	OPEN,
	OPEN_TRUNCATE,
	CLOSE,
};

static int empty_and_extend(void)
{
	return ftruncate(region.fd, 0) || ftruncate(region.fd, FILE_LEN);
}

static int other(void *arg, long request)
{
	static int fd = -1;
	int r;

	switch (request) {
	case FTRUNCATE:
		r = empty_and_extend();
		break;
	case PUNCH_HOLE:
		r = fallocate(region.fd,
			      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			      FILE_LEN);
		break;
	case TRUNCATE:
		r = truncate(region.path, 0);
		break;
	case CLOSE:
		r = close(fd);
		break;
	default:
		fd = open(region.path,
			  O_RDONLY | O_CLOEXEC |
				  (request == OPEN_TRUNCATE ? O_TRUNC : 0));
		r = fd < 0;
	}
	return r ? errno : 0;
}

static void run(struct t_child *child, long request, const char *what)
{
	t_zero(t_child_run(child, request, STEP_MS).err, "%s", what);
}

static void check_no_break(const char *what)
{
	struct guard_leases leases = region_leases(&region);
	struct pinsafe_stats stats = guard_stats();

	t_ok(!stats.breaks && !stats.revoked_mrs,
	     "%s: no break, nothing is revoked", what);
	t_ok(leases.ordinary == 1 && !leases.breaking,
	     "%s: the lease is there as before", what);
}

/* So the guard did work all the time */
static void check_break(struct t_child *child)
{
	run(child, TRUNCATE, "truncate by its path");
	t_ok(guard_wait_revoked(1, STEP_MS) && guard_stats().breaks == 1,
	     "one break, one region revoked");
	region_check_revoked(&region, &verbs, "after the break");
}

static void check_lost(const char *what)
{
	uint64_t value = 0x6c6f737400000000, found = value;
	int status = region_write(&region, &verbs, AT, value);

	t_ok(!status, "%s: RDMA WRITE afterwards: %s", what,
	     ibv_wc_status_str(status));
	t_ok(pread(region.fd, &found, sizeof(found), AT) == sizeof(found) &&
		     !found,
	     "%s: the file has zeros: lost", what);
}

static void check_description(const char *dir)
{
	static const struct {
		long request;
		const char *what;
	} operations[] = {
		{PUNCH_HOLE, "a hole punched through an inherited descriptor"},
		{FTRUNCATE, "ftruncate of an inherited descriptor"},
	};
	struct t_child child;
	size_t i;

	region_create(&region, dir, "holes", FILE_LEN);
	t_child_start(&child, other, NULL);
	verbs_open(&verbs);
	region_register(&region, &verbs);
	region_check_arrives(&region, &verbs, "registered");
	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++) {
		run(&child, operations[i].request, operations[i].what);
		check_lost(operations[i].what);
		check_no_break(operations[i].what);
	}
	check_break(&child);
	t_child_stop(&child);
}

static void check_read(const char *what)
{
	char byte = 0;
	int status =
		verbs_read_once(&verbs, &byte, 1, (char *)region.mr->addr + AT,
				region.mr->rkey);

	t_ok(!status && byte == FILL, "%s: RDMA READ: %s, the first data", what,
	     ibv_wc_status_str(status));
}

static void check_readers(const char *dir)
{
	const char *what = "open(O_RDONLY|O_TRUNC)";
	struct t_child reader, truncater;
	struct stat st;

	files_path(region.path, dir, "holes");
	region.len = FILE_LEN;
	region.fd = -1;
	close(files_create(region.path, FILE_LEN, FILL));
	t_child_start(&reader, other, NULL);
	t_child_start(&truncater, other, NULL);
	region.fd = open(region.path, O_RDONLY | O_CLOEXEC);
	region.addr = mmap(NULL, FILE_LEN, PROT_READ, MAP_SHARED, region.fd, 0);
	if (region.fd < 0 || region.addr == MAP_FAILED)
		t_bail("mapping %s", region.path);
	verbs_open(&verbs);
	/* Else it would be a lease against all */
	run(&reader, OPEN, "a reader has it open");
	region.mr = ibv_reg_mr(verbs.pd, region.addr, FILE_LEN,
			       IBV_ACCESS_REMOTE_READ);
	if (!region.mr)
		t_bail("registering %s", region.path);
	check_read("registered");
	run(&truncater, OPEN_TRUNCATE, what);
	t_ok(!fstat(region.fd, &st) && !st.st_size, "%s: the file is empty",
	     what);
	check_read("stale");
	check_no_break(what);
	run(&truncater, CLOSE, "closed");
	check_break(&truncater);
	t_child_stop(&truncater);
	t_child_stop(&reader);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[2], "description"))
		check_description(argv[1]);
	else if (argc == 3 && !strcmp(argv[2], "readers"))
		check_readers(argv[1]);
	else
		t_bail("usage: DIR description|readers");
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
