/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* What others do to a file that a peer reads from, for page-cache-layout. */
#pragma once

#include <stdbool.h>

#include "files.h"

#define PAGE_OP_LEN (256UL << 10)
#define PAGE_OP_AT 8192 /* where the peer reads */
#define PAGE_OP_OLD 'O' /* what it has */

/* The file, another name in its directory, and its file system */
extern char page_op_path[FILES_PATH_MAX], page_op_other[FILES_PATH_MAX];
extern const char *page_op_fs;

enum page_op {
	PAGE_OP_SHARES,	 /* leaves its pages alone */
	PAGE_OP_TOOL,	 /* so does a program that people use */
	PAGE_OP_REMOVES, /* takes pages away */
};

/* The next one of this kind, on this file system; *i is -1 to begin with */
bool page_op_next(enum page_op kind, int *i);

const char *page_op_name(int i);

/* With a descriptor of the file: 0 or an errno value */
int page_op_run(int i, int fd);
