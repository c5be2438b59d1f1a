// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Descriptions of mappings that move, and while other threads unmap */
#include <pthread.h>
#include <stdatomic.h>

#include "lib/watched.h"

#define ROUNDS (UNDER_TSAN ? 2000 : 100000)
#define NEW (END + 100 * PAGE)

static bool is_at(uintptr_t start, uintptr_t end)
{
	uintptr_t addr;

	for (addr = start; addr < end; addr += PAGE)
		if (!watch_ticket(addr, addr + 1))
			return false;
	return !watch_ticket(start - PAGE, start) &&
	       !watch_ticket(end, end + PAGE);
}

static void move(size_t first, size_t pages, uintptr_t start, size_t new_pages,
		 bool stays)
{
	struct watch_move args = {
		.start = START + first * PAGE,
		.end = START + (first + pages) * PAGE,
		.new_start = start,
		.new_end = start + new_pages * PAGE,
		.stays = stays,
		.ticket = watch_ticket(0, UINTPTR_MAX),
	};

	watch_move(&args);
}

WATCHED_CASE(moved__kept_where_it_is)
{
	watched_map_all(watched_file.fd);
	file_close(&watched_file);
	move(0, PAGES, NEW, PAGES, false);
	assert_true(watched_is_kept());
	assert_true(is_at(NEW, NEW + PAGES * PAGE));
	assert_false(watch_ticket(START, END));
	assert_int_equal(fake_keeper.n_owned, 1);
}

WATCHED_CASE(moved_and_larger__kept_to_the_end)
{
	watched_map_all(watched_file.fd);
	move(0, PAGES, NEW, 2 * PAGES, false);
	assert_true(is_at(NEW, NEW + 2 * PAGES * PAGE));
	assert_false(watch_ticket(START, END));
}

WATCHED_CASE(moved_and_smaller__cut)
{
	watched_map_all(watched_file.fd);
	move(0, PAGES, NEW, 3, false);
	assert_true(is_at(NEW, NEW + 3 * PAGE));
	assert_false(watch_ticket(START, END));
}

WATCHED_CASE(part_moved__both_are_kept)
{
	watched_map_all(watched_file.fd);
	move(2, 3, NEW, 3, false);
	assert_true(is_at(NEW, NEW + 3 * PAGE));
	assert_true(is_at(START, START + 2 * PAGE));
	assert_true(is_at(START + 5 * PAGE, END));
}

WATCHED_CASE(larger_in_place__kept_to_the_end)
{
	watched_map_all(watched_file.fd);
	move(0, PAGES, START, 2 * PAGES, false);
	assert_true(is_at(START, START + 2 * PAGES * PAGE));
	assert_int_equal(fake_keeper.n_owned, 1);
}

/* mremap(2) of the last pages only */
WATCHED_CASE(end_is_larger_in_place__all_of_it_is_kept)
{
	watched_map_all(watched_file.fd);
	move(PAGES - 1, 1, START + (PAGES - 1) * PAGE, 2, false);
	assert_true(is_at(START, END + PAGE));
}

WATCHED_CASE(smaller_in_place__cut)
{
	watched_map_all(watched_file.fd);
	move(0, PAGES, START, 3, false);
	assert_true(is_at(START, START + 3 * PAGE));
	assert_int_equal(fake_keeper.n_owned, 1);
}

WATCHED_CASE(doubled__until_both_are_gone)
{
	watched_map_all(watched_file.fd);
	move(2, 0, NEW, 4, true);
	assert_true(is_at(START, END));
	assert_true(is_at(NEW, NEW + 4 * PAGE));
	watched_forget(START, END);
	assert_true(watched_is_kept());
	watched_forget(NEW, NEW + 4 * PAGE);
	assert_false(watched_is_kept());
}

WATCHED_CASE(moved_without_unmapping__until_both_are_gone)
{
	watched_map_all(watched_file.fd);
	move(0, PAGES, NEW, PAGES, true);
	assert_true(is_at(START, END));
	assert_true(is_at(NEW, NEW + PAGES * PAGE));
}

/* Of what was there nothing is left. */
WATCHED_CASE(moved_over_another__that_is_dropped)
{
	struct file other;

	file_make(&other, DISK, 1);
	watched_map_all(watched_file.fd);
	watched_map(NEW + PAGE, 1, other.fd);
	move(0, PAGES, NEW, PAGES, false);
	assert_int_equal(watch_dup(other.dev, other.ino), -1);
	assert_true(is_at(NEW, NEW + PAGES * PAGE));
	file_put(&other);
}

/* As mremap(2) does it with several mappings since Linux 6.17 */
WATCHED_CASE(two_moved__each_keeps_its_place)
{
	struct file other;

	file_make(&other, DISK, 1);
	watched_map(START, 2, watched_file.fd);
	watched_map(START + 3 * PAGE, 1, other.fd);
	move(0, 4, NEW, 4, false);
	assert_false(watch_ticket(START, END));
	watched_forget(NEW, NEW + 3 * PAGE);
	assert_false(watched_is_kept());
	assert_true(is_at(NEW + 3 * PAGE, NEW + 4 * PAGE));
	file_put(&other);
}

WATCHED_CASE(kept_after_the_move__not_meant)
{
	struct watch_move args = {
		.start = START,
		.end = END,
		.new_start = NEW,
		.new_end = NEW + PAGE,
	};

	watched_map_all(watched_file.fd);
	args.ticket = watch_ticket(START, END);
	watched_forget(START, END);
	watched_map_all(watched_file.fd);
	watch_move(&args);
	assert_true(is_at(START, END));
	assert_false(watch_ticket(NEW, NEW + PAGE));
}

static struct {
	pthread_t thread;
	atomic_bool must_end;
	atomic_uint round; /* odd: the last page is kept */
	unsigned int n_missed, n_others;
} reader;

static void *read_on(void *arg)
{
	unsigned int round;
	bool is_seen;

	while (!reader.must_end) {
		round = reader.round;
		is_seen = watch_ticket(END - PAGE, END);
		if (!is_seen && round & 1 && round == reader.round)
			reader.n_missed++;
		/* Nothing ever is there. */
		if (watch_ticket(PAGE, 2 * PAGE))
			reader.n_others++;
	}
	return NULL;
}

/* munmap(2) asks while other threads unmap, and waits for nobody. */
WATCHED_CASE(others_unmap_meanwhile__exact)
{
	unsigned int i;

	assert_int_equal(pthread_create(&reader.thread, NULL, read_on, NULL),
			 0);
	for (i = 0; i < ROUNDS; i++) {
		/* There is room before it in the table, and a hole is made. */
		watched_map(NEW, 1, watched_file.fd);
		watched_map_all(watched_file.fd);
		watched_forget(NEW, NEW + PAGE);
		reader.round++;
		watched_unmap(3, 2);
		reader.round++;
		watched_unmap(0, PAGES);
	}
	reader.must_end = true;
	assert_int_equal(pthread_join(reader.thread, NULL), 0);
	assert_int_equal(reader.n_missed, 0);
	assert_int_equal(reader.n_others, 0);
}
