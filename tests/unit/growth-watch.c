// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* munmap(2) elsewhere costs the same however many mappings are kept. */
#include "lib/growth.h"
#include "lib/watched.h"
#include "preload/private.h"

#define ROUNDS 20000

static double ask_elsewhere(size_t n)
{
	const uintptr_t other = 1ul << 44, step = 1ul << 20;
	double before;
	size_t i;

	for (i = 0; i < n; i++)
		watched_map(START + i * step, 1, watched_file.fd);
	before = growth_now();
	for (i = 0; i < ROUNDS; i++)
		assert_false(watch_ticket(other + i * step,
					  other + i * step + PAGE));
	before = growth_now() - before;
	watched_forget(0, UINTPTR_MAX);
	return before;
}

WATCHED_CASE(elsewhere__flat)
{
	static const size_t sizes[] = {16, 64, 256};

	assert_true(growth_exponent("munmap", sizes, ask_elsewhere) <
		    GROWTH_FLAT);
}
