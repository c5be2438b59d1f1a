// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A journal that a device writes: each record is in the file for good before
 * the next one is asked for.  fsync(2) would not do, as it may leave out what
 * a device has written since the page was written back last.
 *
 *   durable-write [--fsync] FILE RECORDS
 *
 * With --fsync it calls fsync(2) all the same, to show that records get lost.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <infiniband/pinsafe.h>

#include "loopback.h"

#define RECORD_SIZE 512
#define MAX_RECORDS 4096

struct journal {
	int fd;
	void *addr;
	struct ibv_mr *mr;
	bool only_fsync;
};

/* A file with blocks for all records, since a device cannot make it longer */
static void map_journal(struct journal *journal, const char *path,
			size_t length)
{
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
	journal->addr = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED,
			     fd, 0);
	if (journal->addr == MAP_FAILED)
		err(1, "%s: mmap", path);
	/* Stays open: an ordinary lease is taken on it. */
	journal->fd = fd;
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

static void make_durable(const struct journal *journal, size_t offset)
{
	int r;

	if (journal->only_fsync)
		r = fsync(journal->fd) ? errno : 0;
	else
		r = pinsafe_sync(journal->mr, offset, RECORD_SIZE, 0);
	if (r)
		errx(1, "sync: %s", strerror(r));
}

static void write_record(struct loopback *loopback,
			 const struct journal *journal, unsigned int i)
{
	const size_t offset = (size_t)i * RECORD_SIZE;
	int r;

	memset(loopback->buf, ' ', RECORD_SIZE);
	loopback->buf[snprintf(loopback->buf, RECORD_SIZE, "record %u", i)] =
		' ';
	loopback->buf[RECORD_SIZE - 1] = '\n';
	r = loopback_write(loopback, journal->mr, offset, RECORD_SIZE);
	if (r)
		errx(1, "write: %s", strerror(r));
	/* A transfer that is not complete may be left out. */
	wait_written(loopback);
	make_durable(journal, offset);
	printf("record %u is %s\n", i,
	       journal->only_fsync ? "perhaps durable" : "durable");
}

int main(int argc, char **argv)
{
	static struct loopback loopback;
	struct journal journal = { 0 };
	unsigned long n_records, i;
	size_t length;
	int r;

	if (argc == 4 && !strcmp(argv[1], "--fsync")) {
		journal.only_fsync = true;
		argv++;
	} else if (argc != 3) {
		errx(2, "usage: durable-write [--fsync] FILE RECORDS");
	}
	n_records = strtoul(argv[2], NULL, 10);
	if (!n_records || n_records > MAX_RECORDS)
		errx(2, "RECORDS: 1 to %d", MAX_RECORDS);
	setvbuf(stdout, NULL, _IOLBF, 0);
	length = n_records * RECORD_SIZE;
	r = loopback_open(&loopback);
	if (r)
		errx(1, "no device: %s", strerror(r));
	map_journal(&journal, argv[1], length);
	/* Guarded like any other, since we are linked with pinsafe */
	journal.mr = ibv_reg_mr(loopback.pd, journal.addr, length,
				IBV_ACCESS_LOCAL_WRITE |
					IBV_ACCESS_REMOTE_WRITE);
	if (!journal.mr)
		err(1, "%s: ibv_reg_mr", argv[1]);
	for (i = 0; i < n_records; i++)
		write_record(&loopback, &journal, i);
	r = ibv_dereg_mr(journal.mr);
	if (r)
		errx(1, "ibv_dereg_mr: %s", strerror(r));
	loopback_close(&loopback);
	return 0;
}
