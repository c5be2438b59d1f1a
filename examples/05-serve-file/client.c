// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Reads the file of a server into memory by RDMA, and writes it to COPY.  If
 * the file or the server is taken away meanwhile, it starts over with the next
 * one that is there.
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
#define MAX_ATTEMPTS 60		/* with a second between them */

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
		r = connection_wait(id, id->send_cq, id->send_cq_channel, NULL);
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

/* As long as it takes until there is a file */
static int wait_offer(struct rdma_cm_id *id)
{
	struct rdma_conn_param param = {
		.initiator_depth = RDMA_MAX_INIT_DEPTH,
		.retry_count = 7,
		.rnr_retry_count = 7,
	};
	size_t length;
	int r;

	if (rdma_connect(id, &param))
		return errno;
	printf("connected\n");
	r = connection_wait(id, id->recv_cq, id->recv_cq_channel, &length);
	if (!r && length != sizeof(struct offer))
		errx(1, "this is another server");
	return r;
}

/* 0: copy->data has the file. */
static int fetch(struct rdma_cm_id *id, struct copy *copy)
{
	struct offer offer;
	struct ibv_mr *mr;
	int r;

	mr = rdma_reg_msgs(id, &offer, sizeof(offer));
	if (!mr || rdma_post_recv(id, NULL, &offer, sizeof(offer), mr))
		err(1, "no room for a message");
	r = wait_offer(id);
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

/* Whole, or not at all: who serves the copy in turn is not disturbed. */
static void write_copy(const char *path, const struct copy *copy)
{
	char *new_path;
	size_t done;
	ssize_t n;
	int fd;

	if (asprintf(&new_path, "%s.new", path) < 0)
		errx(1, "no memory for a name");
	fd = open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		err(1, "%s", new_path);
	for (done = 0; done < copy->length; done += n) {
		n = write(fd, copy->data + done, copy->length - done);
		if (n < 0)
			err(1, "%s", new_path);
	}
	if (fsync(fd) || close(fd) || rename(new_path, path))
		err(1, "%s", path);
	free(new_path);
}

static int attempt(const char *address, struct copy *copy)
{
	struct rdma_cm_id *id = connection_new(address, PORT, WINDOW);
	int r;

	if (!id)
		return errno;
	r = fetch(id, copy);
	rdma_destroy_ep(id);
	return r;
}

int main(int argc, char **argv)
{
	struct copy copy = { 0 };
	int i, r;

	copy.step = argc > 1 && !strcmp(argv[1], "--step");
	argv += copy.step;
	if (argc != 3 + copy.step || argv[1][0] == '-')
		errx(2, "usage: client [--step] ADDRESS COPY");
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (i = 0; i < MAX_ATTEMPTS; i++) {
		r = attempt(argv[1], &copy);
		if (!r) {
			write_copy(argv[2], &copy);
			printf("copied %zu bytes\n", copy.length);
			free(copy.data);
			return 0;
		}
		printf("not copied (%s), again\n", strerror(r));
		free(copy.data);
		copy.data = NULL;
		sleep(1);
	}
	errx(1, "given up after %d attempts", i);
}
