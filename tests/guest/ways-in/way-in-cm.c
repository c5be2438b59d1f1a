// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * As way-in.c, for a program that leaves the device to librdmacm, which opens
 * it once.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rdma/rdma_cma.h>
#include <rdma/rdma_verbs.h>

#include "files.h"
#include "guard.h"
#include "t.h"

#define FILE_LEN (64UL << 10)

static struct rdma_cm_id *bound_id(void)
{
	const char *address = getenv("PINSAFE_TEST_ADDRESS");
	struct sockaddr_in sin = {.sin_family = AF_INET};
	struct rdma_cm_id *id;

	if (!address || inet_pton(AF_INET, address, &sin.sin_addr) != 1)
		t_bail("PINSAFE_TEST_ADDRESS");
	if (rdma_create_id(NULL, &id, NULL, RDMA_PS_TCP) ||
	    rdma_bind_addr(id, (struct sockaddr *)&sin))
		t_bail("rdma_bind_addr");
	if (!id->pd)
		t_bail("no protection domain");
	return id;
}

int main(int argc, char **argv)
{
	char path[FILES_PATH_MAX];
	struct ibv_mr *mr, *other;
	struct rdma_cm_id *id;
	int errors[2], leases[2], fd;
	void *addr;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(path, argv[1], "way-in-cm");
	fd = files_create(path, FILE_LEN, '.');
	addr = files_map(fd, FILE_LEN);
	id = bound_id();
	errno = 0;
	mr = rdma_reg_msgs(id, addr, FILE_LEN);
	errors[0] = mr ? 0 : errno;
	leases[0] = guard_leases(fd).held;
	other = rdma_reg_write(id, addr, FILE_LEN);
	errors[1] = other ? 0 : errno;
	leases[1] = guard_leases(fd).held;
	if ((mr && rdma_dereg_mr(mr)) || (other && rdma_dereg_mr(other)))
		t_bail("rdma_dereg_mr");
	printf("reg=%s,%s leases=%d,%d left=%d\n", t_errname(errors[0]),
	       t_errname(errors[1]), leases[0], leases[1],
	       guard_leases(fd).held);
	rdma_destroy_id(id);
	munmap(addr, FILE_LEN);
	close(fd);
	unlink(path);
	return 0;
}
