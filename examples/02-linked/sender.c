// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Writes a file into the memory of a receiver.  Knows nothing of pinsafe: if
 * the receiver's memory region is revoked, it sees that its connection ends.
 *
 *   sender [--step] ADDRESS FILE
 *
 * With --step it waits for a line on standard input after each MiB.
 */
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rdma/rdma_cma.h>
#include <rdma/rdma_verbs.h>

#include "connection.h"
#include "protocol.h"

#define CHUNK (64ul << 10)
#define WINDOW 8		/* chunks on their way at once */
#define PROGRESS (1ul << 20)
#define MAX_ATTEMPTS 10

struct file {
	char *data;
	size_t length;
	bool step;
};

static void read_file(const char *path, struct file *file)
{
	struct stat st;
	size_t done;
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		err(1, "%s", path);
	file->length = st.st_size;
	file->data = malloc(file->length);
	if (!file->data)
		err(1, "%s", path);
	for (done = 0; done < file->length; done += n) {
		n = read(fd, file->data + done, file->length - done);
		if (n <= 0)
			err(1, "%s: read", path);
	}
	close(fd);
}

static struct rdma_cm_id *connect_to(const char *address)
{
	struct rdma_conn_param param = {
		.retry_count = 7,
		.rnr_retry_count = 7,
	};
	struct rdma_cm_id *id = connection_new(address, PORT, WINDOW);

	/* For the answer, which is empty */
	if (!id || rdma_post_recvv(id, NULL, NULL, 0) || rdma_connect(id, &param))
		err(1, "%s: connect", address);
	return id;
}

static int wait_sent(struct rdma_cm_id *id)
{
	return connection_wait(id, id->send_cq, id->send_cq_channel, NULL);
}

static void tell(const struct file *file, size_t n)
{
	int c;

	printf("posted %zu bytes\n", n);
	if (file->step)
		do {
			c = getchar();
		} while (c != '\n' && c != EOF);
}

static int write_all(struct rdma_cm_id *id, struct ibv_mr *mr,
		     const struct offer *offer, const struct file *file)
{
	size_t offset, length, n_posted = 0;
	int r;

	for (offset = 0; offset < file->length; offset += length) {
		length = file->length - offset;
		if (length > CHUNK)
			length = CHUNK;
		if (n_posted == WINDOW) {
			r = wait_sent(id);
			if (r)
				return r;
			n_posted--;
		}
		if (rdma_post_write(id, NULL, file->data + offset, length, mr,
				    0, be64toh(offer->addr) + offset,
				    be32toh(offer->rkey)))
			return errno;
		n_posted++;
		if (offset % PROGRESS == 0)
			tell(file, offset + length);
	}
	for (; n_posted; n_posted--) {
		r = wait_sent(id);
		if (r)
			return r;
	}
	return 0;
}

/* 0: the receiver has said that the file is complete. */
static int transfer(struct rdma_cm_id *id, const struct file *file)
{
	const struct rdma_conn_param *param = &id->event->param.conn;
	struct offer offer;
	struct ibv_mr *mr;
	int r;

	if (param->private_data_len < sizeof(offer))
		errx(1, "this is no receiver");
	memcpy(&offer, param->private_data, sizeof(offer));
	if (be64toh(offer.length) < file->length)
		errx(1, "the receiver has no room for %zu bytes", file->length);
	mr = rdma_reg_msgs(id, file->data, file->length);
	if (!mr)
		err(1, "rdma_reg_msgs");
	r = write_all(id, mr, &offer, file);
	if (!r && rdma_post_sendv(id, NULL, NULL, 0, 0))
		r = errno;
	if (!r)
		r = wait_sent(id);
	if (!r)
		r = connection_wait(id, id->recv_cq, id->recv_cq_channel, NULL);
	/* The queue pair first, as it may still read from the memory. */
	rdma_destroy_qp(id);
	rdma_dereg_mr(mr);
	return r;
}

int main(int argc, char **argv)
{
	struct rdma_cm_id *id;
	struct file file = { 0 };
	int i, r;

	if (argc == 4 && !strcmp(argv[1], "--step")) {
		file.step = true;
		argv++;
	} else if (argc != 3) {
		errx(2, "usage: sender [--step] ADDRESS FILE");
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	read_file(argv[2], &file);
	for (i = 0; i < MAX_ATTEMPTS; i++) {
		id = connect_to(argv[1]);
		r = transfer(id, &file);
		rdma_destroy_ep(id);
		if (!r) {
			printf("sent %zu bytes\n", file.length);
			free(file.data);
			return 0;
		}
		printf("the connection ended (%s), again\n", strerror(r));
	}
	errx(1, "given up after %d attempts", i);
}
