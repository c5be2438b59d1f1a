// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Under a layout lease on a file with a page cache, or on tmpfs, which ten other
 * descriptors have open, nothing that leaves its pages alone disturbs a peer that
 * reads from a memory region over it; whoever takes pages away, the program
 * itself as well, does so when it is revoked, and the peer gets an error.
 *
 *   page-cache-layout [--expect-stale | --tools] DIR...
 *
 * With --tools others use programs for it, which takes longer.
 *
 * With --expect-stale it is the control: without pinsafe the peer goes on to read
 * what the file does not have any more.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "files.h"
#include "guard.h"
#include "page-cache-ops.h"
#include "t.h"
#include "verbs.h"

#define LEN PAGE_OP_LEN
#define OPENERS 10
#define OPERATION_MS 60000
#define OLD PAGE_OP_OLD
#define NEW 'N'

struct served {
	char *addr;
	int fd; /* with which it was mapped */
	struct ibv_mr *mr;
};

static int openers[OPENERS];

static int open_all(void)
{
	int i;

	for (i = 0; i < OPENERS; i++) {
		openers[i] = open(page_op_path,
				  (i % 2 ? O_RDONLY : O_RDWR) | O_CLOEXEC);
		if (openers[i] < 0)
			return errno;
	}
	return 0;
}

static int close_all(void)
{
	int i;

	for (i = 0; i < OPENERS; i++)
		close(openers[i]);
	return 0;
}

enum { OPEN = -1, CLOSE = -2 };

static int operate(void *arg, long number)
{
	if (number == OPEN)
		return open_all();
	if (number == CLOSE)
		return close_all();
	return page_op_run(number, openers[0]);
}

static void fill(char value)
{
	char buf[4096];
	size_t at;
	int fd = open(page_op_path, O_WRONLY | O_CLOEXEC);

	memset(buf, value, sizeof(buf));
	for (at = 0; at < LEN; at += sizeof(buf))
		if (pwrite(fd, buf, sizeof(buf), at) != sizeof(buf))
			t_bail("filling %s", page_op_path);
	close(fd);
}

static void serve(struct served *served, struct verbs *verbs)
{
	int access = IBV_ACCESS_REMOTE_READ;

	if (!strcmp(page_op_fs, "tmpfs"))
		access = VERBS_ACCESS;
	served->mr = ibv_reg_mr(verbs->pd, served->addr, LEN, access);
	if (!served->mr)
		t_bail("registering %s", page_op_path);
}

/* -1: it reads something else */
static int read_by_peer(const struct served *served, struct verbs *verbs,
			char value)
{
	char data[64] = "", expected[64];
	int status;

	memset(expected, value, sizeof(expected));
	status = verbs_read_once(verbs, data, sizeof(data),
				 served->addr + PAGE_OP_AT, served->mr->rkey);
	if (!status && memcmp(data, expected, sizeof(data)))
		return -1;
	return status;
}

static void share(enum page_op kind, const struct served *served,
		  struct verbs *verbs, struct t_child *child)
{
	uint64_t breaks = guard_stats().breaks;
	struct guard_own own;
	int i = -1;

	while (page_op_next(kind, &i)) {
		t_zero(t_child_run(child, i, OPERATION_MS).err,
		       "%s by another process", page_op_name(i));
		t_zero(read_by_peer(served, verbs, OLD),
		       "%s: the peer reads the file", page_op_name(i));
	}
	own = guard_own_leases();
	t_ok(own.layout == 1 && !own.classic && guard_stats().breaks == breaks,
	     "one layout lease, unbroken: %d, %d ordinary", own.layout,
	     own.classic);
}

static void check_revoked(struct served *served, struct verbs *verbs,
			  const char *what, uint64_t breaks)
{
	t_ok(read_by_peer(served, verbs, OLD) > 0, "%s: the peer gets an error",
	     what);
	t_ok(guard_stats().breaks == breaks && !guard_own_leases().layout,
	     "%s: one break, and no lease is left", what);
	t_zero(ibv_dereg_mr(served->mr), "ibv_dereg_mr");
}

/* The pages go when it is revoked, and what comes then can be served again. */
static void remove_pages(struct served *served, struct verbs *verbs,
			 struct t_child *child)
{
	uint64_t breaks = guard_stats().breaks;
	const char *name;
	int i = -1;

	while (page_op_next(PAGE_OP_REMOVES, &i)) {
		name = page_op_name(i);
		t_zero(t_child_run(child, i, OPERATION_MS).err,
		       "%s by another process", name);
		check_revoked(served, verbs, name, ++breaks);
		fill(NEW);
		serve(served, verbs);
		t_zero(read_by_peer(served, verbs, NEW),
		       "%s: the peer reads what is new", name);
	}
	t_zero(ftruncate(served->fd, 0) ? errno : 0,
	       "ftruncate by the program itself");
	check_revoked(served, verbs, "ftruncate", ++breaks);
}

static void expect_stale(struct served *served, struct verbs *verbs,
			 struct t_child *child)
{
	int i = -1;

	if (!page_op_next(PAGE_OP_REMOVES, &i))
		t_bail("nothing to remove pages with");
	t_zero(t_child_run(child, i, OPERATION_MS).err, "%s", page_op_name(i));
	fill(NEW);
	t_zero(read_by_peer(served, verbs, OLD),
	       "the peer goes on to read what was there: stale");
	t_zero(ibv_dereg_mr(served->mr), "ibv_dereg_mr");
}

/* A file of twice the length becomes one with each page in an extent of its own. */
static void scatter(int fd)
{
	const size_t page = 4096;
	const char old = OLD;
	size_t at;

	for (at = page; at <= LEN; at += page)
		if (fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, at, page))
			break;
	if (at > LEN)
		return;
	/* btrfs writes them elsewhere. */
	if (ftruncate(fd, LEN))
		t_bail("ftruncate %s", page_op_path);
	for (at = 0; at < LEN; at += 2 * page)
		if (pwrite(fd, &old, 1, at) != 1 || fsync(fd))
			t_bail("writing %s", page_op_path);
}

enum mode { SHARING, TOOLS, CONTROL };

static void run(const char *dir, struct verbs *verbs, struct t_child *child,
		enum mode mode)
{
	struct served served;
	int fd;

	t_note("%s", dir);
	fd = files_create(page_op_path, mode == TOOLS ? 2 * LEN : LEN, OLD);
	if (files_is_dax(fd))
		t_bail("%s has DAX", page_op_path);
	if (mode == TOOLS)
		scatter(fd);
	served.fd = fd;
	served.addr = files_map(fd, LEN);
	t_zero(t_child_run(child, OPEN, OPERATION_MS).err, "%d openers",
	       OPENERS);
	serve(&served, verbs);
	t_zero(read_by_peer(&served, verbs, OLD), "the peer reads the file");
	if (mode == CONTROL) {
		expect_stale(&served, verbs, child);
	} else {
		share(mode == TOOLS ? PAGE_OP_TOOL : PAGE_OP_SHARES, &served,
		      verbs, child);
		remove_pages(&served, verbs, child);
	}
	t_child_run(child, CLOSE, OPERATION_MS);
	munmap(served.addr, LEN);
	close(fd);
	unlink(page_op_path);
}

static enum mode mode_of(const char *arg)
{
	if (!strcmp(arg, "--expect-stale"))
		return CONTROL;
	return !strcmp(arg, "--tools") ? TOOLS : SHARING;
}

int main(int argc, char **argv)
{
	enum mode mode = argc > 1 ? mode_of(argv[1]) : SHARING;
	struct t_child child;
	struct verbs verbs;
	const char *dir;
	int i;

	if ((mode == CONTROL) == guard_loaded())
		t_bail("the control runs without pinsafe, the test with it");
	for (i = 1 + (mode != SHARING); i < argc; i++) {
		dir = argv[i];
		page_op_fs = files_fs_name(dir);
		files_path(page_op_path, dir, "served");
		files_path(page_op_other, dir, "served-other");
		t_child_start(&child, operate, NULL);
		verbs_open(&verbs);
		run(dir, &verbs, &child, mode);
		t_zero(verbs_close(&verbs), "closing the device");
		t_child_stop(&child);
	}
	return t_done();
}
