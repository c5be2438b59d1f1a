/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* Lines of a file of /proc, with system calls only and without memory of others */
#ifndef PINSAFE_SYS_LINES_H
#define PINSAFE_SYS_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct sys_lines {
	int fd;
	size_t start, end;	/* of what is not yet given out */
	bool is_cut;		/* the last line: there is more of it */
	char text[8192];
};

/* 0 or the errno of open(2); sys_lines_close() is for the caller then. */
int sys_lines_open(struct sys_lines *lines, const char *path);
/*
 * The next line, without its end, until the next call; NULL: there is none, and
 * errno says why, 0 being the end.  What a line has more than fits is left out.
 */
char *sys_lines_next(struct sys_lines *lines);
void sys_lines_close(struct sys_lines *lines);

#endif /* PINSAFE_SYS_LINES_H */
