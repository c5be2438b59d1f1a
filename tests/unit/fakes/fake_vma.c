// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* One shared mapping, everywhere, of a file without device and inode */
#include <stdint.h>
#include <string.h>

#include "fake_vma.h"
#include "memory/vma.h"

struct fake_vma fake_vma;

int vma_open(struct vma_reader *reader)
{
	int r = fault_now(&fake_vma.open);

	if (!r) {
		fake_vma.is_open = true;
		fake_vma.n_open++;
	}
	return r;
}

int vma_next(struct vma_reader *reader, uintptr_t addr, struct vma *ret_vma)
{
	int r = fault_now(&fake_vma.next);

	if (r)
		return r;
	memset(ret_vma, 0, sizeof(*ret_vma));
	ret_vma->end = UINTPTR_MAX;
	ret_vma->writable = true;
	ret_vma->shared = !fake_vma.is_gone;
	return 0;
}

void vma_close(struct vma_reader *reader)
{
	fake_vma.is_open = false;
}
