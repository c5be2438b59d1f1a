// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The most ordinary of MPI programs: rank 0 allocates a buffer, fills it, sends
 * it and frees it, again and again; rank 1 looks at each byte that came.  All
 * memory is anonymous.
 *
 * A library that keeps registrations and does not hear of what free(3) unmaps
 * sends from, or receives into, the pages that were at this address before
 * (open-mpi/ompi#299, openucx/ucx#2848, libfabric#6474).
 *
 *   mpi-messages MIB N
 */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t n_wrong(const char *buffer, size_t length, char expected)
{
	size_t i, n = 0;

	for (i = 0; i < length; i++)
		n += buffer[i] != expected;
	return n;
}

/* How many bytes are wrong */
static size_t message(int rank, size_t length, int i)
{
	char *buffer = malloc(length);
	size_t wrong = 0;

	if (!buffer)
		MPI_Abort(MPI_COMM_WORLD, 3);
	memset(buffer, rank ? 0 : i, length);
	if (rank == 0) {
		MPI_Send(buffer, length, MPI_CHAR, 1, 0, MPI_COMM_WORLD);
	} else {
		MPI_Recv(buffer, length, MPI_CHAR, 0, 0, MPI_COMM_WORLD,
			 MPI_STATUS_IGNORE);
		wrong = n_wrong(buffer, length, i);
		printf("message %d, buffer at %p: %zu of %zu bytes wrong\n", i,
		       (void *)buffer, wrong, length);
	}
	free(buffer);
	return wrong;
}

int main(int argc, char **argv)
{
	int i, n, rank, n_ranks;
	size_t length, wrong = 0;

	MPI_Init(&argc, &argv);
	MPI_Comm_rank(MPI_COMM_WORLD, &rank);
	MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
	if (argc != 3 || n_ranks != 2)
		MPI_Abort(MPI_COMM_WORLD, 2);
	length = (size_t)atoi(argv[1]) << 20;
	n = atoi(argv[2]);
	for (i = 1; i <= n; i++)
		wrong += message(rank, length, i);
	if (rank)
		printf("all of %d messages: %zu bytes wrong\n", n, wrong);
	MPI_Finalize();
	return wrong != 0;
}
