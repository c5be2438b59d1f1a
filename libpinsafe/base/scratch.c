// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/scratch.h"
#include "base/sys.h"

/* As many at a time cost no system call. */
#define N_PIECES 8

static union piece {
	max_align_t align;
	char bytes[SCRATCH_SIZE];
} pieces[N_PIECES];
static atomic_bool are_taken[N_PIECES];

void *scratch_take(void)
{
	uintptr_t more;
	size_t i;

	for (i = 0; i < N_PIECES; i++)
		if (!atomic_load(&are_taken[i]) &&
		    !atomic_exchange(&are_taken[i], true))
			return &pieces[i];
	more = SYS_CALL(mmap, NULL, SCRATCH_SIZE, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return more == (uintptr_t)MAP_FAILED ? NULL : (void *)more;
}

void scratch_give(void *scratch)
{
	union piece *piece = scratch;
	int saved_errno = errno;

	if (piece >= pieces && piece < pieces + N_PIECES)
		atomic_store(&are_taken[piece - pieces], false);
	else if (piece)
		(void)SYS_CALL(munmap, scratch, SCRATCH_SIZE);
	errno = saved_errno;
}

void scratch_forget(void)
{
	size_t i;

	for (i = 0; i < N_PIECES; i++)
		atomic_store(&are_taken[i], false);
}
