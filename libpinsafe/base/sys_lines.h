/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Lines of a file of /proc, with system calls only and without memory of others */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct sys_lines {
	int fd;
	size_t start, end;	/* of what is not yet given out */
	size_t n_wanted;	/* bytes, the next time */
	bool is_cut;		/* the last line: there is more of it */
	char *text;		/* of SCRATCH_SIZE, from the first line on */
};

/* 0 or the errno of open(2); sys_lines_close() is for the caller then. */
int sys_lines_open(struct sys_lines *lines, const char *path);
/*
 * The next line, without its end, until the next call; NULL: there is none, and
 * errno says why, 0 being the end.  What a line has more than fits is left out.
 */
char *sys_lines_next(struct sys_lines *lines);
void sys_lines_close(struct sys_lines *lines);

/*
 * Give lines to @fn until it returns no negative value, and that is returned; or
 * -1, also if the file cannot be read.
 */
int sys_lines_find(const char *path, int (*fn)(const char *line, void *arg),
		   void *arg);

/*
 * The first line of a small file, "" if it has none.  0, or the errno of open(2)
 * or read(2)
 */
int sys_read_line(const char *path, char *ret_text, size_t size);
/* The number that it begins with; EINVAL: with none */
int sys_read_number(const char *path, long *ret_number);
