// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The prefault of a large sparse file on FS-DAX maps it by huge pages wherever
 * that is possible, also if several threads do it: the kernel's trace point of
 * huge page faults says how many it mapped.  What is possible is what
 * one madvise(2) over another such file gets.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "region.h"
#include "t.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define HUGE (2UL << 20)
#define FILE_LEN (64UL << 20)
#define TRACING "/sys/kernel/tracing/"

static int put(const char *name, const char *text)
{
	char path[200];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), TRACING "%s", name);
	fd = open(path, O_WRONLY | O_TRUNC);
	n = fd < 0 ? -1 : write(fd, text, strlen(text));
	if (fd >= 0)
		close(fd);
	return n < 0 ? errno : 0;
}

/*
 * Huge pages that were mapped there since the trace was emptied.  There may be
 * as many again in the mapping from which pinsafe pins.
 */
static int count_huge(const void *addr)
{
	char where[50];
	FILE *trace = fopen(TRACING "trace", "r");
	char line[1000];
	int n = 0;

	if (!trace)
		t_bail(TRACING "trace");
	snprintf(where, sizeof(where), "vm_start %p ", addr);
	while (fgets(line, sizeof(line), trace))
		n += strstr(line, "dax_pmd_fault_done:") &&
		     strstr(line, where) && strstr(line, "NOPAGE");
	fclose(trace);
	return n;
}

static void create_sparse(struct region *region, const char *dir,
			  const char *name)
{
	memset(region, 0, sizeof(*region));
	files_path(region->path, dir, name);
	region->len = FILE_LEN;
	region->fd = files_create(region->path, 0, 0);
	if (ftruncate(region->fd, FILE_LEN))
		t_bail("%s: ftruncate", region->path);
	region->addr = files_map(region->fd, FILE_LEN);
	put("trace", "\n");
}

static int possible(const char *dir)
{
	struct region region;
	int n;

	create_sparse(&region, dir, "possible");
	if (madvise(region.addr, FILE_LEN, MADV_POPULATE_WRITE))
		t_bail("madvise: %s", strerror(errno));
	n = count_huge(region.addr);
	region_destroy(&region);
	return n;
}

int main(int argc, char **argv)
{
	struct region region;
	struct verbs verbs;
	int n, n_possible;

	if (argc != 2)
		t_bail("usage: DIR");
	if (access(TRACING "trace", F_OK) &&
	    mount("tracefs", TRACING, "tracefs", 0, NULL))
		t_skip("no tracefs");
	if (put("events/fs_dax/dax_pmd_fault_done/enable", "1"))
		t_skip("the kernel has no trace point for huge pages");
	verbs_open(&verbs);
	n_possible = possible(argv[1]);
	if (n_possible < FILE_LEN / HUGE / 2)
		t_bail("%d huge pages of %lu", n_possible, FILE_LEN / HUGE);
	create_sparse(&region, argv[1], "huge");
	region_register(&region, &verbs);
	n = count_huge(region.addr);
	t_ok(n >= n_possible, "%d of %lu are huge pages, %d are possible", n,
	     FILE_LEN / HUGE, n_possible);
	put("events/fs_dax/dax_pmd_fault_done/enable", "0");
	region_destroy(&region);
	return t_done();
}
