/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A file as a mapping shows it, and where to look for it */
struct backing {
	dev_t dev;		/* as stat(2) says it */
	dev_t map_dev;		/* as the mapping shows it: another on btrfs */
	ino_t ino;
	uintptr_t start, end;	/* of the mapping */
	pid_t tid;		/* a thread whose descriptors may have it open */
	const int *hint;	/* a descriptor to try first, or NULL; borrowed */
	bool is_read_only;	/* the mapping: nothing is stored through it */
	bool has_page_cache;	/* the program may have an ordinary lease on it */
	const char *path;	/* borrowed, as the kernel shows it */
};

/*
 * Open the file itself: its path may lead to another one by now, so device and
 * inode are compared.  Finds unlinked files, too, if @backing->tid has them
 * open or we are privileged.  A file on btrfs whose device is not known yet is
 * found if we are privileged.
 *
 * With @flags O_PATH any thread may call this.  To open a file for real is for
 * the keeper only: when a descriptor is closed, the kernel drops all record
 * locks (fcntl(2)) which the owner of the descriptor table has on the file.
 *
 * 0; ENOENT if the file is not to be found; else the errno of open(2).
 */
int backing_open(const struct backing *backing, int flags, int *ret_fd);

/*
 * On the keeper's thread: the same for a descriptor that it was given, of
 * @backing or of some other file by then (ENOENT); -1: look for the file.
 */
int backing_open_given(const struct backing *backing, int given_fd, int flags,
		       int *ret_fd);
/*
 * Is @fd of it?  Asks no network or FUSE file system, which may not answer.  errno if
 * not: ENOENT, or why that does not show
 */
bool backing_is_file(int fd, const struct backing *backing);
/* Open the file of @fd anew. */
int backing_reopen(int fd, int flags, int *ret_fd);

/*
 * The first descriptor under which the calling thread has the file open, others
 * than those with O_PATH; for the hint of @backing, that one.  -1: none.
 *
 * Which of several does not matter where all have to be of one open(2).
 */
int backing_find_descriptor(const struct backing *backing);

/*
 * Call @fn with each number in the table of the thread @tid, until it returns
 * true.  By then another thread may have closed it.  0 or an errno value
 */
int backing_for_each_descriptor(pid_t tid, bool (*fn)(int number, void *arg),
				void *arg);

/*
 * Who has the file open, for a sentence: "process 17 (cat)" or "the program
 * itself, with more than one open(2)"; "" if /proc does not show it to us.
 * Mappings alone are not looked at.  May take long on a machine with many
 * processes, so not for the keeper.
 */
void opener_name(dev_t dev, ino_t ino, char *ret_text, size_t size);
