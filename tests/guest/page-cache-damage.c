// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program writes by RDMA into a page-cache file that another process
 * truncates or opens, in any way: when that returns, the region is revoked,
 * and it can be registered again once the other has closed the file.  The
 * control, without pinsafe, shows that writes after a truncation succeed and
 * are in no file.
 *
 *   page-cache-damage DIR [--expect-loss]
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_NAME "damage"
#define FILE_LEN (64UL << 10)
#define AT 20480
#define BREAK_MS 8000 /* before fs.lease-break-time is over */

static const struct operation {
	const char *name;
	int flags; /* of open(2); -1: truncate(2) */
	bool truncates;
} operations[] = {
	{"truncate", -1, true},
	{"open(O_RDWR | O_TRUNC)", O_RDWR | O_TRUNC, true},
	{"open(O_RDONLY | O_TRUNC)", O_RDONLY | O_TRUNC, true},
	{"open(O_WRONLY)", O_WRONLY, false},
	{"open(O_RDONLY)", O_RDONLY, false},
};

enum { N_OPERATIONS = sizeof(operations) / sizeof(operations[0]), CLOSE };

static char path[FILES_PATH_MAX];

/* The other process: keeps the file open until it is told to close it */
static int other(void *arg, long request)
{
	static int fd = -1;
	int flags;

	if (request == CLOSE) {
		if (fd >= 0 && close(fd))
			return errno;
		fd = -1;
		return 0;
	}
	flags = operations[request].flags;
	if (flags < 0)
		return truncate(path, 0) ? errno : 0;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? errno : 0;
}

/* A write that succeeds and that the file has, without opening the file */
static void check_arrives(struct region *region, struct verbs *verbs,
			  const char *what)
{
	static uint64_t value = 0x6361636865000000;
	uint64_t found = 0;
	int status = region_write(region, verbs, AT, ++value);

	t_ok(!status, "%s: RDMA WRITE: %s", what, ibv_wc_status_str(status));
	t_ok(pread(region->fd, &found, sizeof(found), AT) == sizeof(found) &&
		     found == value,
	     "%s: the file has the data", what);
}

static void check_lost(struct region *region, struct verbs *verbs,
		       const char *what)
{
	uint64_t value = 0x6c6f737400000000, found = value;
	int status = region_write(region, verbs, AT, value);

	t_ok(!status, "%s: RDMA WRITE afterwards: %s", what,
	     ibv_wc_status_str(status));
	t_ok(pread(region->fd, &found, sizeof(found), AT) == sizeof(found) &&
		     !found,
	     "%s: the file has zeros: lost", what);
}

static void check_revoked(struct region *region, struct verbs *verbs,
			  const char *what)
{
	int status = region_write(region, verbs, AT, 1);

	t_ok(status == IBV_WC_REM_ACCESS_ERR, "%s: RDMA WRITE afterwards: %s",
	     what, ibv_wc_status_str(status));
}

/* Somebody else has it open, so there cannot be a lease */
static void check_refused(struct region *region, struct verbs *verbs,
			  const char *what)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(verbs->pd, region->addr, FILE_LEN, VERBS_ACCESS);
	t_ok(!mr && errno == EAGAIN, "%s: registering while it is open: %s",
	     what, mr ? "ok" : t_errname(errno));
	if (mr)
		ibv_dereg_mr(mr);
}

static void check(struct verbs *verbs, struct t_child *child, const char *dir,
		  long request, bool loss)
{
	const struct operation *operation = &operations[request];
	const char *name = operation->name;
	struct t_child_result result;
	struct region region;

	region_create(&region, dir, FILE_NAME, FILE_LEN);
	region_register(&region, verbs);
	check_arrives(&region, verbs, name);
	result = t_child_run(child, request, BREAK_MS);
	t_zero(result.err, "%s by another process, %.0f ms", name,
	       t_ms(result.end_ns - result.begin_ns));
	if (operation->truncates && ftruncate(region.fd, FILE_LEN))
		t_bail("extending the file");
	if (!loss)
		check_revoked(&region, verbs, name);
	else if (operation->truncates)
		check_lost(&region, verbs, name);
	else
		check_arrives(&region, verbs, name);
	region_deregister(&region);
	/* It takes as long as pinsafe waits for the other, so only once */
	if (!loss && operation->flags == O_RDONLY)
		check_refused(&region, verbs, name);
	t_zero(t_child_run(child, CLOSE, BREAK_MS).err, "%s: closed", name);
	region_register(&region, verbs);
	check_arrives(&region, verbs, "registered again");
	region_destroy(&region);
}

int main(int argc, char **argv)
{
	struct t_child child;
	struct verbs verbs;
	bool loss = guard_is_control(argc, argv);
	long request;

	files_path(path, argv[1], FILE_NAME);
	t_child_start(&child, other, NULL);
	verbs_open(&verbs);
	for (request = 0; request < N_OPERATIONS; request++)
		check(&verbs, &child, argv[1], request, loss);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&child);
	return t_done();
}
