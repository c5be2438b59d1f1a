// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which addresses are of interest, so that all others cost next to nothing */
#include "lib/watched.h"
#include "preload/private.h"

WATCHED_CASE(kept__and_nothing_else_is_of_interest)
{
	pinsafe_private_is_watching = false;
	watched_map(START, 1, watched_file.fd);
	assert_true(pinsafe_private_is_watching);
	assert_true(watch_ticket(START, START + 1));
	assert_true(watch_ticket(0, START + 1));
	assert_false(watch_ticket(0, START));
	assert_false(watch_ticket(START + PAGE, UINTPTR_MAX));
	watched_map(END, 1, watched_file.fd);
	assert_false(watch_ticket(START + PAGE, END));
	assert_false(watch_ticket(END + PAGE, UINTPTR_MAX));
}

WATCHED_CASE(part_of_a_page__kept_to_its_end)
{
	pinsafe_private_mapped((void *)START, PAGE + 1, watched_file.fd);
	assert_true(watch_ticket(START + 2 * PAGE - 1, END));
	assert_false(watch_ticket(START + 2 * PAGE, END));
}

/* By pieces of all sizes; a part that is unmapped is gone, and the rest is not. */
WATCHED_CASE(long_ones__kept_to_their_last_page)
{
	static const size_t lengths[] = {1ul << 16, 1ul << 26, 1ul << 40};
	const uintptr_t start = 1ul << 44;
	size_t i;

	for (i = 0; i < N_OF(lengths); i++) {
		uintptr_t end = start + lengths[i];

		pinsafe_private_mapped((void *)start, lengths[i],
				       watched_file.fd);
		assert_true(watch_ticket(start, start + 1));
		assert_true(watch_ticket(end - 1, end));
		assert_false(watch_ticket(end, end + PAGE));
		watched_forget(start + PAGE, end - PAGE);
		assert_true(watch_ticket(start, start + 1));
		assert_true(watch_ticket(end - 1, end));
		assert_false(watch_ticket(start + PAGE, end - PAGE));
		watched_forget(start, end);
		assert_false(watch_ticket(start, end));
	}
}

WATCHED_CASE(unmapped__of_no_interest)
{
	watched_map(START, 1, watched_file.fd);
	watched_unmap(0, 1);
	assert_false(watch_ticket(START, START + 1));
}

WATCHED_CASE(bounds__of_what_is_on_demand)
{
	pinsafe_private_is_watching = false;
	watch_cover(START, END);
	assert_true(pinsafe_private_is_watching);
	assert_true(watch_covers(END - 1, END));
	assert_false(watch_covers(0, START));
	watch_cover(START + PAGE, START + 2 * PAGE);
	assert_true(watch_covers(START, START + 1));
	assert_true(watch_covers(END - 1, END));
}

WATCHED_CASE(forgotten__nothing_is_of_interest)
{
	watch_cover(START, END);
	watch_forget();
	assert_false(watch_covers(0, UINTPTR_MAX));
	assert_false(watch_ticket(0, UINTPTR_MAX));
	assert_true(watch_is_enabled());
}
