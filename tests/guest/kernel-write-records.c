// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A device writes records to a file that was a hole, and another process syncs the
 * file after each, in one way after the other; then the record is told of, and has
 * to be there after a power cut: tests/vm/power-cut.
 *
 * kernel-write-records FILE RECORDS
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel-common.h"

#define RECORD 512

/* As long as there are bytes to answer */
static void sync_for(int requests, int answers, const char *path)
{
	int fd = open(path, O_RDONLY), i;
	char c;

	for (i = 0; read(requests, &c, 1) == 1; i++) {
		c = i % 4 == 0	 ? fsync(fd)
		    : i % 4 == 1 ? fdatasync(fd)
		    : i % 4 == 2 ? syncfs(fd)
				 : (sync(), 0);
		if (write(answers, &c, 1) != 1)
			break;
	}
	_exit(0);
}

static void write_record(struct ibv_mr *mr, char *map, unsigned long i)
{
	static char record[RECORD];

	memset(record, ' ', RECORD);
	record[snprintf(record, RECORD, "record %lu", i)] = ' ';
	record[RECORD - 1] = '\n';
	if (k_rdma_write(mr, map + i * RECORD, record, RECORD))
		k_bail("RDMA WRITE");
}

int main(int argc, char **argv)
{
	unsigned long n = argc > 2 ? strtoul(argv[2], NULL, 10) : 0, i;
	int requests[2], answers[2], fd, err;
	struct ibv_mr *mr;
	char *map, c = 0;

	k_begin(argc, argv, 600);
	fd = open(argv[1], O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || !n || ftruncate(fd, n * RECORD) || pipe(requests) ||
	    pipe(answers))
		k_bail(argv[1]);
	if (!fork())
		sync_for(requests[0], answers[1], argv[1]);
	map = mmap(NULL, n * RECORD, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (k_lease(fd, F_LAYOUT_WRITE))
		k_bail("F_LAYOUT_WRITE");
	mr = k_reg(map, n * RECORD, K_WRITE, &err);
	if (!mr)
		k_bail("ibv_reg_mr");
	for (i = 0; i < n; i++) {
		write_record(mr, map, i);
		if (write(requests[1], &c, 1) != 1 ||
		    read(answers[0], &c, 1) != 1 || c)
			k_bail("sync");
		printf("record %lu is on the disk\n", i);
	}
	k_dereg(&mr);
	return 0;
}
