// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Reads the file of a server into memory by RDMA, and writes it to COPY.  If
 * the file is taken away meanwhile, it starts over with the next one that is
 * there.
 *
 *   client [--step] ADDRESS COPY
 *
 * With --step it waits for a line on standard input after each 512 KiB.  It
 * knows nothing of pinsafe.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rdma/rdma_verbs.h>

#include "connection.h"
#include "protocol.h"

#define CHUNK (64ul << 10)	/* of one request */
#define WINDOW 8		/* requests at once */
#define MAX_ATTEMPTS 10

struct copy {
	char *data;
	size_t length;
	struct ibv_mr *mr;
	bool step;
};

static void tell(const struct copy *copy, size_t n)
{
	int c;

	printf("read %zu bytes\n", n);
	if (copy->step)
		do {
			c = getchar();
		} while (c != '\n' && c != EOF);
}

/* The next chunks of the file; *offset is where, and then where they end. */
static int read_chunks(struct rdma_cm_id *id, const struct offer *offer,
		       const struct copy *copy, size_t *offset)
{
	size_t length;
	int n, r = 0;

	for (n = 0; n < WINDOW && *offset < copy->length; n++) {
		length = copy->length - *offset;
		if (length > CHUNK)
			length = CHUNK;
		if (rdma_post_read(id, NULL, copy->data + *offset, length,
				   copy->mr, 0, be64toh(offer->addr) + *offset,
				   be32toh(offer->rkey)))
			return errno;
		*offset += length;
	}
	for (; n && !r; n--)
		r = connection_wait(id, id->send_cq, id->send_cq_channel);
	return r;
}

static int read_file(struct rdma_cm_id *id, const struct offer *offer,
		     struct copy *copy)
{
	size_t offset = 0;
	int r;

	copy->length = be64toh(offer->length);
	printf("offered %zu bytes, rkey 0x%x\n", copy->length,
	       be32toh(offer->rkey));
	copy->data = malloc(copy->length);
	if (!copy->data)
		err(1, "memory for the file");
	copy->mr = rdma_reg_msgs(id, copy->data, copy->length);
	if (!copy->mr)
		err(1, "rdma_reg_msgs");
	while (offset < copy->length) {
		r = read_chunks(id, offer, copy, &offset);
		if (r)
			return r;
		tell(copy, offset);
	}
	return 0;
}

/* 0: copy->data has the file. */
static int fetch(struct rdma_cm_id *id, struct copy *copy)
{
	struct rdma_conn_param param = {
		.initiator_depth = RDMA_MAX_INIT_DEPTH,
		.retry_count = 7,
		.rnr_retry_count = 7,
	};
	struct offer offer;
	struct ibv_mr *mr;
	int r;

	mr = rdma_reg_msgs(id, &offer, sizeof(offer));
	if (!mr || rdma_post_recv(id, NULL, &offer, sizeof(offer), mr))
		err(1, "no room for a message");
	if (rdma_connect(id, &param))
		err(1, "connect");
	printf("connected\n");
	/* As long as it takes until there is a file */
	r = connection_wait(id, id->recv_cq, id->recv_cq_channel);
	if (!r)
		r = read_file(id, &offer, copy);
	/* The queue pair first, as it may still write to the memory. */
	rdma_destroy_qp(id);
	if (copy->mr)
		rdma_dereg_mr(copy->mr);
	copy->mr = NULL;
	rdma_dereg_mr(mr);
	return r;
}

static void write_copy(const char *path, const struct copy *copy)
{
	size_t done;
	ssize_t n;
	int fd;

	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		err(1, "%s", path);
	for (done = 0; done < copy->length; done += n) {
		n = write(fd, copy->data + done, copy->length - done);
		if (n < 0)
			err(1, "%s", path);
	}
	if (close(fd))
		err(1, "%s", path);
}

int main(int argc, char **argv)
{
	struct copy copy = { 0 };
	struct rdma_cm_id *id;
	int i, r;

	if (argc == 4 && !strcmp(argv[1], "--step")) {
		copy.step = true;
		argv++;
	} else if (argc != 3) {
		errx(2, "usage: client [--step] ADDRESS COPY");
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < MAX_ATTEMPTS; i++) {
		id = connection_new(argv[1], PORT, WINDOW);
		r = fetch(id, &copy);
		rdma_destroy_ep(id);
		if (!r) {
			write_copy(argv[2], &copy);
			printf("copied %zu bytes\n", copy.length);
			free(copy.data);
			return 0;
		}
		printf("the file is gone (%s), again\n", strerror(r));
		free(copy.data);
		copy.data = NULL;
	}
	errx(1, "given up after %d attempts", i);
}
