// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A journal that a device writes: each record is in the file for good before
 * the next one is asked for.  fsync(2) would not do, as it may leave out what
 * a device has written since the page was written back last.
 *
 *   durable-write FILE RECORDS
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <infiniband/pinsafe.h>

#include "loopback.h"

#define RECORD_SIZE 512
#define MAX_RECORDS 4096

/* A file with blocks for all records, since a device cannot make it longer */
static void *map_journal(const char *path, size_t length)
{
	void *addr;
	int fd, r;

	fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		err(1, "%s", path);
	r = posix_fallocate(fd, 0, length);
	if (r)
		errx(1, "%s: %s", path, strerror(r));
	/* The length is metadata, which pinsafe_sync() does not promise. */
	if (fsync(fd))
		err(1, "%s: fsync", path);
	addr = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (addr == MAP_FAILED)
		err(1, "%s: mmap", path);
	/* The descriptor stays open: an ordinary lease is taken on it. */
	return addr;
}

/* Until the device is done */
static void wait_written(struct loopback *loopback)
{
	struct ibv_cq *cq;
	void *context;
	int r;

	while ((r = loopback_poll(loopback)) == EAGAIN) {
		if (ibv_get_cq_event(loopback->channel, &cq, &context))
			err(1, "ibv_get_cq_event");
		ibv_ack_cq_events(cq, 1);
		r = ibv_req_notify_cq(cq, 0);
		if (r)
			errx(1, "ibv_req_notify_cq: %s", strerror(r));
	}
	if (r)
		errx(1, "the device could not write");
}

static void write_record(struct loopback *loopback, struct ibv_mr *mr,
			 unsigned int i)
{
	const size_t offset = (size_t)i * RECORD_SIZE;
	int r;

	memset(loopback->buf, ' ', RECORD_SIZE);
	loopback->buf[snprintf(loopback->buf, RECORD_SIZE, "record %u", i)] =
		' ';
	loopback->buf[RECORD_SIZE - 1] = '\n';
	r = loopback_write(loopback, mr, offset, RECORD_SIZE);
	if (r)
		errx(1, "write: %s", strerror(r));
	/* A transfer that is not complete may be left out. */
	wait_written(loopback);
	r = pinsafe_sync(mr, offset, RECORD_SIZE, 0);
	if (r)
		errx(1, "pinsafe_sync: %s", strerror(r));
	printf("record %u is durable\n", i);
}

int main(int argc, char **argv)
{
	static struct loopback loopback;
	unsigned long n_records, i;
	struct ibv_mr *mr;
	size_t length;
	void *addr;
	int r;

	if (argc != 3)
		errx(2, "usage: durable-write FILE RECORDS");
	n_records = strtoul(argv[2], NULL, 10);
	if (!n_records || n_records > MAX_RECORDS)
		errx(2, "RECORDS: 1 to %d", MAX_RECORDS);
	setvbuf(stdout, NULL, _IOLBF, 0);
	length = n_records * RECORD_SIZE;
	r = loopback_open(&loopback);
	if (r)
		errx(1, "no device: %s", strerror(r));
	addr = map_journal(argv[1], length);
	/* Guarded like any other, since we are linked with pinsafe */
	mr = ibv_reg_mr(loopback.pd, addr, length,
			IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE);
	if (!mr)
		err(1, "%s: ibv_reg_mr", argv[1]);
	for (i = 0; i < n_records; i++)
		write_record(&loopback, mr, i);
	r = ibv_dereg_mr(mr);
	if (r)
		errx(1, "ibv_dereg_mr: %s", strerror(r));
	loopback_close(&loopback);
	return 0;
}
