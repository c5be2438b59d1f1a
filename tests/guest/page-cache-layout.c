// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Under a layout lease on a file with a page cache, or on tmpfs, which ten other
 * descriptors have open, nothing that leaves its pages alone disturbs a peer that
 * reads from a memory region over it; whoever takes pages away, the program
 * itself as well, does so when it is revoked, and the peer gets an error.
 *
 *   page-cache-layout [--expect-stale] DIR...
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
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "files.h"
#include "guard.h"
#include "t.h"
#include "verbs.h"

#define LEN (256UL << 10)
#define AT 8192
#define OPENERS 10
#define OPERATION_MS 20000
#define OLD 'O'
#define NEW 'N'

static char path[FILES_PATH_MAX], other[FILES_PATH_MAX];
static bool is_tmpfs;

struct served {
	char *addr;
	int fd; /* with which it was mapped */
	struct ibv_mr *mr;
};

/* What another process does, with a descriptor of its own */

static int op_cat(int fd)
{
	char buf[4096];
	int again = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (again < 0)
		return -1;
	while ((n = read(again, buf, sizeof(buf))) > 0)
		;
	return close(again) || n ? -1 : 0;
}

static int op_copy(int fd)
{
	int to = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	off_t at = 0;
	ssize_t n = to < 0 ? -1 : copy_file_range(fd, &at, to, NULL, LEN, 0);

	return n <= 0 || close(to) || unlink(other) ? -1 : 0;
}

static int op_write(int fd)
{
	char same = OLD;

	return pwrite(fd, &same, 1, AT) == 1 ? 0 : -1;
}

static int op_fsync(int fd)
{
	return fsync(fd);
}

static int op_grow(int fd)
{
	return pwrite(fd, "x", 1, LEN) == 1 && !ftruncate(fd, 2 * LEN) ? 0
								       : -1;
}

static int op_allocate(int fd)
{
	return fallocate(fd, 0, 0, 3 * LEN);
}

static int op_rename(int fd)
{
	return rename(path, other) || link(other, path) || unlink(other) ||
	       fchmod(fd, 0600);
}

static int op_truncate(int fd)
{
	return truncate(path, 0);
}

static int op_open_trunc(int fd)
{
	int again = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return again < 0 ? -1 : close(again);
}

static int op_punch(int fd)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 LEN);
}

static const struct operation {
	const char *name;
	int (*run)(int fd);
} sharing[] = {
	{"cat", op_cat},	    {"copy", op_copy},
	{"write", op_write},	    {"fsync", op_fsync},
	{"growth", op_grow},	    {"fallocate", op_allocate},
	{"rename and link", op_rename},
}, removing[] = {
	{"truncate", op_truncate},
	{"open with O_TRUNC", op_open_trunc},
	{"punch a hole", op_punch},
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static int openers[OPENERS];

static int open_all(void)
{
	int i;

	for (i = 0; i < OPENERS; i++) {
		openers[i] = open(path, (i % 2 ? O_RDONLY : O_RDWR) |
						O_CLOEXEC);
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
	if (number < N_OF(sharing))
		return sharing[number].run(openers[0]) ? errno : 0;
	return removing[number - N_OF(sharing)].run(openers[0]) ? errno : 0;
}

static void fill(char value)
{
	char buf[4096];
	size_t at;
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	memset(buf, value, sizeof(buf));
	for (at = 0; at < LEN; at += sizeof(buf))
		if (pwrite(fd, buf, sizeof(buf), at) != sizeof(buf))
			t_bail("filling %s", path);
	close(fd);
}

static void serve(struct served *served, struct verbs *verbs)
{
	int access = IBV_ACCESS_REMOTE_READ;

	if (is_tmpfs)
		access = VERBS_ACCESS;
	served->mr = ibv_reg_mr(verbs->pd, served->addr, LEN, access);
	if (!served->mr)
		t_bail("registering %s", path);
}

/* -1: it reads something else */
static int read_by_peer(const struct served *served, struct verbs *verbs,
			char value)
{
	char data[64] = "", expected[64];
	int status;

	memset(expected, value, sizeof(expected));
	status = verbs_read_once(verbs, data, sizeof(data), served->addr + AT,
				 served->mr->rkey);
	if (!status && memcmp(data, expected, sizeof(data)))
		return -1;
	return status;
}

static void share(const struct served *served, struct verbs *verbs,
		  struct t_child *child)
{
	uint64_t breaks = guard_stats().breaks;
	struct guard_own own;
	size_t i;

	for (i = 0; i < N_OF(sharing); i++) {
		t_zero(t_child_run(child, i, OPERATION_MS).err,
		       "%s by another process", sharing[i].name);
		t_zero(read_by_peer(served, verbs, OLD),
		       "%s: the peer reads the file", sharing[i].name);
	}
	own = guard_own_leases();
	t_ok(own.layout == 1 && !own.classic &&
		     guard_stats().breaks == breaks,
	     "one layout lease, unbroken: %d, %d ordinary", own.layout,
	     own.classic);
}

static void check_revoked(struct served *served, struct verbs *verbs,
			  const char *what, uint64_t breaks)
{
	t_ok(read_by_peer(served, verbs, OLD) > 0,
	     "%s: the peer gets an error", what);
	t_ok(guard_stats().breaks == breaks && !guard_own_leases().layout,
	     "%s: one break, and no lease is left", what);
	t_zero(ibv_dereg_mr(served->mr), "ibv_dereg_mr");
}

/* The pages go when it is revoked, and what comes then can be served again. */
static void remove_pages(struct served *served, struct verbs *verbs,
			 struct t_child *child)
{
	uint64_t breaks = guard_stats().breaks;
	size_t i;

	for (i = 0; i < N_OF(removing); i++) {
		t_zero(t_child_run(child, N_OF(sharing) + i, OPERATION_MS).err,
		       "%s by another process", removing[i].name);
		check_revoked(served, verbs, removing[i].name, ++breaks);
		fill(NEW);
		serve(served, verbs);
		t_zero(read_by_peer(served, verbs, NEW),
		       "%s: the peer reads what is new", removing[i].name);
	}
	t_zero(ftruncate(served->fd, 0) ? errno : 0,
	       "ftruncate by the program itself");
	check_revoked(served, verbs, "ftruncate", ++breaks);
}

static void expect_stale(struct served *served, struct verbs *verbs,
			 struct t_child *child)
{
	t_zero(t_child_run(child, N_OF(sharing), OPERATION_MS).err, "%s",
	       removing[0].name);
	fill(NEW);
	t_zero(read_by_peer(served, verbs, OLD),
	       "the peer goes on to read what was there: stale");
	t_zero(ibv_dereg_mr(served->mr), "ibv_dereg_mr");
}

static void run(const char *dir, struct verbs *verbs, struct t_child *child,
		bool is_control)
{
	struct served served;
	int fd;

	t_note("%s", dir);
	fd = files_create(path, LEN, OLD);
	if (files_is_dax(fd))
		t_bail("%s has DAX", path);
	served.fd = fd;
	served.addr = files_map(fd, LEN);
	t_zero(t_child_run(child, OPEN, OPERATION_MS).err, "%d openers",
	       OPENERS);
	serve(&served, verbs);
	t_zero(read_by_peer(&served, verbs, OLD), "the peer reads the file");
	if (is_control) {
		expect_stale(&served, verbs, child);
	} else {
		share(&served, verbs, child);
		remove_pages(&served, verbs, child);
	}
	t_child_run(child, CLOSE, OPERATION_MS);
	munmap(served.addr, LEN);
	close(fd);
	unlink(path);
}

int main(int argc, char **argv)
{
	bool is_control = argc > 1 && !strcmp(argv[1], "--expect-stale");
	struct t_child child;
	struct verbs verbs;
	const char *dir;
	int i;

	if (is_control == guard_loaded())
		t_bail("the control runs without pinsafe, the test with it");
	for (i = 1 + is_control; i < argc; i++) {
		dir = argv[i];
		is_tmpfs = !strcmp(files_fs_name(dir), "tmpfs");
		files_path(path, dir, "served");
		files_path(other, dir, "served-other");
		t_child_start(&child, operate, NULL);
		verbs_open(&verbs);
		run(dir, &verbs, &child, is_control);
		t_zero(verbs_close(&verbs), "closing the device");
		t_child_stop(&child);
	}
	return t_done();
}
