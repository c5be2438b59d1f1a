// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See page-cache-ops.h. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "page-cache-ops.h"

char page_op_path[FILES_PATH_MAX], page_op_other[FILES_PATH_MAX];
const char *page_op_fs;

/* What another process does, with a descriptor of its own */

static int op_cat(int fd)
{
	char buf[4096];
	int again = open(page_op_path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (again < 0)
		return -1;
	while ((n = read(again, buf, sizeof(buf))) > 0)
		;
	return close(again) || n ? -1 : 0;
}

static int op_copy(int fd)
{
	int to = open(page_op_other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
		      0644);
	off_t at = 0;
	ssize_t n = to < 0 ? -1
			   : copy_file_range(fd, &at, to, NULL, PAGE_OP_LEN, 0);

	return n <= 0 || close(to) || unlink(page_op_other) ? -1 : 0;
}

static int op_write(int fd)
{
	char same = PAGE_OP_OLD;

	return pwrite(fd, &same, 1, PAGE_OP_AT) == 1 ? 0 : -1;
}

static int op_fsync(int fd)
{
	return fsync(fd);
}

static int op_grow(int fd)
{
	return pwrite(fd, "x", 1, PAGE_OP_LEN) == 1 &&
			       !ftruncate(fd, 2 * PAGE_OP_LEN)
		       ? 0
		       : -1;
}

static int op_allocate(int fd)
{
	return fallocate(fd, 0, 0, 3 * PAGE_OP_LEN);
}

static int op_rename(int fd)
{
	return rename(page_op_path, page_op_other) ||
	       link(page_op_other, page_op_path) || unlink(page_op_other) ||
	       fchmod(fd, 0600);
}

static int op_truncate(int fd)
{
	return truncate(page_op_path, 0);
}

static int op_open_trunc(int fd)
{
	int again = open(page_op_path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	return again < 0 ? -1 : close(again);
}

static int op_punch(int fd)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 PAGE_OP_LEN);
}

/* $0 is the file, $1 another name, $2 the directory. */
static int bash(const char *line)
{
	char dir[FILES_PATH_MAX];
	pid_t pid = fork();
	int status;

	if (!pid) {
		unsetenv("LD_PRELOAD");
		snprintf(dir, sizeof(dir), "%s", page_op_path);
		execl("/bin/bash", "bash", "-eo", "pipefail", "-c", line,
		      page_op_path, page_op_other, dirname(dir), NULL);
		_exit(127);
	}
	errno = EIO;
	return waitpid(pid, &status, 0) != pid || status ? -1 : 0;
}

static int op_cp(int fd)
{
	return bash("cp \"$0\" \"$1\"; cmp \"$0\" \"$1\"; rm \"$1\"");
}

static int op_tar(int fd)
{
	return bash("tar -Pc \"$0\" | tar -PxO | cmp - \"$0\"");
}

/* Linux 6.1 has made pages dirty to pin them, and btrfs one extent of these. */
#define FEWER_EXTENTS(command)                                                 \
	"extents() { filefrag \"$0\" | sed -E 's/.*: ([0-9]+) ex.*/\\1/'; }; " \
	"before=$(extents); " command "; "                                     \
	"echo \"# $before, $(extents) extents\"; "                             \
	"[ $before = 1 ] || [ $(extents) -lt $before ]"

static int op_e4defrag(int fd)
{
	return bash(FEWER_EXTENTS("e4defrag \"$0\" >/dev/null"));
}

static int op_btrfs_defragment(int fd)
{
	return bash(FEWER_EXTENTS("btrfs filesystem defragment -f \"$0\""));
}

static int op_balance(int fd)
{
	return bash("btrfs balance start --full-balance \"$2\" >/dev/null");
}

static const struct operation {
	enum page_op kind;
	const char *name;
	int (*run)(int fd);
	const char *on; /* this file system only, or NULL */
} operations[] = {
	{PAGE_OP_SHARES, "cat", op_cat, NULL},
	{PAGE_OP_SHARES, "copy", op_copy, NULL},
	{PAGE_OP_SHARES, "write", op_write, NULL},
	{PAGE_OP_SHARES, "fsync", op_fsync, NULL},
	{PAGE_OP_SHARES, "growth", op_grow, NULL},
	{PAGE_OP_SHARES, "fallocate", op_allocate, NULL},
	{PAGE_OP_SHARES, "rename and link", op_rename, NULL},
	{PAGE_OP_TOOL, "cp", op_cp, NULL},
	{PAGE_OP_TOOL, "tar", op_tar, NULL},
	{PAGE_OP_TOOL, "e4defrag", op_e4defrag, "ext4"},
	{PAGE_OP_TOOL, "btrfs defragment", op_btrfs_defragment, "btrfs"},
	{PAGE_OP_TOOL, "btrfs balance", op_balance, "btrfs"},
	{PAGE_OP_REMOVES, "truncate", op_truncate, NULL},
	{PAGE_OP_REMOVES, "open with O_TRUNC", op_open_trunc, NULL},
	{PAGE_OP_REMOVES, "punch a hole", op_punch, NULL},
};

bool page_op_next(enum page_op kind, int *i)
{
	const int n = sizeof(operations) / sizeof(operations[0]);

	while (++*i < n)
		if (operations[*i].kind == kind &&
		    (!operations[*i].on ||
		     !strcmp(operations[*i].on, page_op_fs)))
			return true;
	return false;
}

const char *page_op_name(int i)
{
	return operations[i].name;
}

int page_op_run(int i, int fd)
{
	return operations[i].run(fd) ? errno : 0;
}
