/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/* A directory on a disk, for files that have a page cache and blocks */
#define DISK "/var/tmp"
#define SHM "/dev/shm"

struct file {
	char path[PATH_MAX];
	int fd;
	dev_t dev;
	ino_t ino;
};

size_t page_size(void);

/* A new file of @pages pages without blocks */
void file_make(struct file *file, const char *dir, size_t pages);
/* Its @pages pages from @first, shared; at @at if that is not NULL */
char *file_map(const struct file *file, size_t first, size_t pages, int prot,
	       void *at);
/* Write to @pages pages from @first, so that they have blocks. */
void file_fill(const struct file *file, size_t first, size_t pages);
bool file_has_data(const struct file *file, size_t page);
void file_close(struct file *file);
void file_unlink(struct file *file);
void file_put(struct file *file);

/* @pages pages of addresses that nobody uses; every access is a fault. */
char *addresses(size_t pages);

/* What is in the file, as a string in a static buffer */
const char *file_text(const char *path);

/* No more than so many descriptors from now on; how many there might have been */
size_t descriptors_limit(size_t n);

/* Be an ordinary user for a while, who may not use /proc/self/map_files. */
void privileges_drop(void);
void privileges_regain(void);
