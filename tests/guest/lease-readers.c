// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A file that is mapped for reading and that others read, too, has a lease
 * against writers: readers may come, a writer revokes the region.  While nobody
 * else has the file open the lease is one against all.  Kernels before 6.2
 * pin no such mapping; there it is refused in one sentence.
 *
 *   lease-readers DIR [--expect-refused]
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define AT 20480
#define STEP_MS 8000
#define WARNING "O_RDONLY|O_TRUNC"
#define SENTENCE "this kernel pins memory only as if the device were to write"

static struct verbs verbs;
static struct region region;

enum { CLOSE = -1 }; /* or the flags of open(2) */

/* The other processes */
static int open_or_close(void *arg, long request)
{
	static int fd = -1;

	if (request == CLOSE)
		return close(fd) ? errno : 0;
	fd = open(region.path, request | O_CLOEXEC);
	return fd < 0 ? errno : 0;
}

static void run(struct t_child *child, long request, const char *what)
{
	t_zero(t_child_run(child, request, STEP_MS).err, "%s", what);
}

static int try(void)
{
	rerun_log_clear();
	errno = 0;
	region.mr = ibv_reg_mr(verbs.pd, region.addr, region.len,
			       IBV_ACCESS_REMOTE_READ);
	return region.mr ? 0 : errno;
}

static int read_first(void)
{
	char byte;

	return verbs_read_once(&verbs, &byte, 1, (char *)region.mr->addr + AT,
			       region.mr->rkey)
		       ?: byte != 'r';
}

static void check_registers(bool is_shared, const char *what)
{
	int err = try();

	if (err)
		t_bail("%s: registering", what);
	t_ok(guard_stats().leases == 1 && region_leases(&region).ordinary == 1,
	     "%s: one lease", what);
	t_ok(rerun_log_count(WARNING) == is_shared, "%s: the log %s", what,
	     is_shared ? "warns of " WARNING : "has no warning");
	t_zero(read_first(), "%s: RDMA READ", what);
}

static void check_revoked(struct t_child *child, long flags, const char *what)
{
	struct pinsafe_stats before = guard_stats();

	run(child, flags, what);
	t_ok(guard_wait_revoked(before.revoked_mrs + 1, STEP_MS) &&
		     guard_stats().breaks == before.breaks + 1,
	     "%s: one break, one region revoked", what);
	t_ok(read_first() == IBV_WC_REM_ACCESS_ERR, "%s: RDMA READ fails",
	     what);
	run(child, CLOSE, "closed");
	region_deregister(&region);
}

static void check_shared(struct t_child *reader, struct t_child *other)
{
	struct pinsafe_stats before;

	run(reader, O_RDONLY, "a reader has it open");
	check_registers(true, "with a reader");
	before = guard_stats();
	run(other, O_RDONLY, "another reader comes");
	run(other, CLOSE, "and goes");
	t_ok(guard_stats().breaks == before.breaks, "no break");
	t_zero(read_first(), "the region is alive: RDMA READ");
	check_revoked(other, O_WRONLY, "a writer comes");
	run(reader, CLOSE, "the reader goes");
}

static void check_refused(struct t_child *reader)
{
	int err;

	run(reader, O_RDONLY, "a reader has it open");
	err = try();
	t_ok(err == EFAULT && rerun_log_count(SENTENCE) == 1,
	     "registering: %s, and the log has the reason", t_errname(err));
	t_ok(!guard_stats().leases && !region_leases(&region).ordinary,
	     "no lease is left");
	run(reader, CLOSE, "the reader goes");
}

int main(int argc, char **argv)
{
	struct t_child reader, other;
	bool refused = false;
	int fd;

	if (argc == 3 && !strcmp(argv[2], "--expect-refused"))
		refused = true;
	else if (argc != 2)
		t_bail("usage: DIR [--expect-refused]");
	rerun_with_log(argv);
	files_path(region.path, argv[1], "readers");
	fd = files_create(region.path, FILE_LEN, 'r');
	close(fd);
	t_child_start(&reader, open_or_close, NULL);
	t_child_start(&other, open_or_close, NULL);
	region.len = FILE_LEN;
	region.fd = open(region.path, O_RDONLY | O_CLOEXEC);
	region.addr = mmap(NULL, FILE_LEN, PROT_READ, MAP_SHARED, region.fd, 0);
	if (region.fd < 0 || region.addr == MAP_FAILED)
		t_bail("mapping %s", region.path);
	verbs_open(&verbs);

	if (refused) {
		check_refused(&reader);
	} else {
		check_shared(&reader, &other);
		check_registers(false, "alone");
		check_revoked(&other, O_RDONLY, "a reader comes");
	}

	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&other);
	t_child_stop(&reader);
	return t_done();
}
