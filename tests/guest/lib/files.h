/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * Files on the file system under test: filled, mapped, their blocks, a full
 * file system, and the victim that is given blocks somebody else lost.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FILES_PATH_MAX 512

/* "ext4", "xfs", "tmpfs" or "?" */
const char *files_fs_name(const char *dir);

/* dir/name into path */
void files_path(char path[FILES_PATH_MAX], const char *dir, const char *name);

/* A new file of len bytes that all have this value; an O_RDWR descriptor */
int files_create(const char *path, size_t len, char value);

/* MAP_SHARED, readable and writable, from the start of the file */
void *files_map(int fd, size_t len);

bool files_is_dax(int fd);

/* How many of the len bytes at offset, read by read(2), are not value */
uint64_t files_count_other(int fd, uint64_t offset, size_t len, char value);

/* A hole in place of the first len bytes; 0 or an errno value */
int files_punch(const char *path, size_t len);

/*
 * Allocate what is free on dir's file system, including its own reserve, but
 * about leave bytes.  The file system is of no use for other tests afterwards.
 */
void files_fill_up(const char *dir, const char *name, uint64_t leave);
