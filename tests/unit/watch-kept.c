// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which descriptions are kept for mapped files, and until when */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fakes/fake_config.h"
#include "fakes/fake_fork.h"
#include "fakes/fake_fstatfs.h"
#include "fakes/fake_keeper.h"
#include "fakes/fake_lease.h"
#include "lib/files.h"
#include "lib/record.h"
#include "lib/test.h"
#include "watch.h"

/* Nothing is mapped there: the stage gets addresses and does not use them. */
#define START 0x100000
#define PAGE 0x1000
#define PAGES 8
#define END (START + PAGES * PAGE)
#define ROUNDS (UNDER_TSAN ? 2000 : 100000)
/* As in watch.c */
#define MAX_KEPT 1024

static struct file file;

static int setup(void **state)
{
	memset(&fake_config, 0, sizeof(fake_config));
	memset(&fake_keeper, 0, sizeof(fake_keeper));
	fake_fork_setup_error = 0;
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	file_make(&file, DISK, PAGES);
	watch_enable();
	return 0;
}

static void forget(uintptr_t start, uintptr_t end)
{
	watch_forget_range(start, end, UINT64_MAX);
}

static int teardown(void **state)
{
	forget(0, UINTPTR_MAX);
	watch_forget();
	file_put(&file);
	return fake_keeper.n_owned;
}

static void map_at(uintptr_t start, size_t pages, int fd)
{
	watch_mapped((void *)start, pages * PAGE, fd);
}

static void map_all(int fd)
{
	map_at(START, PAGES, fd);
}

static bool is_kept(void)
{
	int fd = watch_dup(file.dev, file.ino);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void unmap(size_t first, size_t pages)
{
	forget(START + first * PAGE,
			   START + (first + pages) * PAGE);
}

/* The first case, as there is no way back */
static void not_enabled__nothing_kept(void **state)
{
	file_make(&file, DISK, 1);
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	assert_false(watch_is_enabled());
	map_all(file.fd);
	assert_false(is_kept());
	/* Nor if a child could inherit locks that are held */
	fake_fork_setup_error = ENOMEM;
	watch_enable();
	assert_false(watch_is_enabled());
	map_all(file.fd);
	assert_false(is_kept());
	fake_fork_setup_error = 0;
	assert_false(watch_ticket(0, UINTPTR_MAX));
	file_put(&file);
	watch_enable();
	assert_true(watch_is_enabled());
	fake_fstatfs_magic = 0;
}

static void mapped__same_description(void **state)
{
	int fd;

	map_all(file.fd);
	fd = watch_dup(file.dev, file.ino);
	assert_true(fd >= 0);
	assert_int_not_equal(fd, file.fd);
	assert_int_equal(lseek(file.fd, 123, SEEK_SET), 123);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 123);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

static void descriptor_closed__still_kept(void **state)
{
	map_all(file.fd);
	file_close(&file);
	assert_true(is_kept());
}

static void other_file__not_found(void **state)
{
	map_all(file.fd);
	assert_int_equal(watch_dup(file.dev, file.ino + 1), -1);
	assert_int_equal(watch_dup(file.dev + 1, file.ino), -1);
}

static void errno__as_before(void **state)
{
	errno = E2BIG;
	map_all(file.fd);
	assert_int_equal(errno, E2BIG);
	map_all(-1);
	assert_int_equal(errno, E2BIG);
	fake_keeper.borrow = ALWAYS(EMFILE);
	map_all(file.fd);
	assert_int_equal(errno, E2BIG);
}

/* And it is not asked of the keeper, which costs */
static void not_kept(int fd)
{
	map_all(fd);
	assert_int_equal(fake_keeper.call.n_calls, 0);
	assert_int_equal(fake_keeper.n_owned, 0);
	assert_false(watch_ticket(0, UINTPTR_MAX));
}

static void opened_with(int flags)
{
	int fd = open(file.path, flags | O_CLOEXEC);

	assert_true(fd >= 0);
	not_kept(fd);
	close(fd);
}

/* It can be opened again for a lease on readers. */
static void read_only_descriptor__not_kept(void **state)
{
	opened_with(O_RDONLY);
}

static void path_descriptor__not_kept(void **state)
{
	opened_with(O_PATH);
}

static void no_descriptor__not_kept(void **state)
{
	not_kept(-1);
}

static void device__not_kept(void **state)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	not_kept(fd);
	close(fd);
}

static void pipe__not_kept(void **state)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	not_kept(fds[0]);
	not_kept(fds[1]);
	close(fds[0]);
	close(fds[1]);
}

static void file_system_without_leases__not_kept(void **state)
{
	fake_fstatfs_magic = FAKE_FS_WITHOUT_LEASES;
	not_kept(file.fd);
}

static void tmpfs__not_kept(void **state)
{
	fake_fstatfs_magic = TMPFS_MAGIC;
	not_kept(file.fd);
}

static void tmpfs__kept_if_it_may_be_guarded(void **state)
{
	fake_fstatfs_magic = TMPFS_MAGIC;
	fake_config.may_guard_shmem = true;
	map_all(file.fd);
	assert_true(is_kept());
}

static void no_descriptor_left__not_kept(void **state)
{
	fake_keeper.borrow = ALWAYS(EMFILE);
	map_all(file.fd);
	assert_false(is_kept());
	assert_int_equal(fake_keeper.n_owned, 0);
}

/* Of a thread with descriptors of its own: the keeper gets another's. */
static void other_description_under_the_number__not_kept(void **state)
{
	int fds[2];
	char c;

	assert_int_equal(pipe(fds), 0);
	fake_keeper.borrowed = fds[1];
	map_all(file.fd);
	assert_int_equal(fake_keeper.n_owned, 0);
	/* Nobody keeps it open. */
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 0);
	close(fds[0]);
}

static void no_keeper__not_kept(void **state)
{
	fake_keeper.call = ALWAYS(EAGAIN);
	map_all(file.fd);
	assert_false(is_kept());
}

static void unmap_whole__dropped(void **state)
{
	map_all(file.fd);
	unmap(0, PAGES);
	assert_false(is_kept());
	assert_int_equal(fake_keeper.n_owned, 0);
}

static void unmap_more_than_it__dropped(void **state)
{
	map_all(file.fd);
	forget(START - PAGE, END + PAGE);
	assert_false(is_kept());
}

static void unmap_neighbours__kept(void **state)
{
	map_all(file.fd);
	forget(0, START);
	forget(END, UINTPTR_MAX);
	assert_true(is_kept());
}

static void unmap_prefix__trimmed(void **state)
{
	map_all(file.fd);
	unmap(0, 3);
	assert_true(is_kept());
	/* Something else may be there by now. */
	unmap(0, 3);
	assert_true(is_kept());
	unmap(3, PAGES - 3);
	assert_false(is_kept());
}

static void unmap_suffix__trimmed(void **state)
{
	map_all(file.fd);
	unmap(3, PAGES - 3);
	assert_true(is_kept());
	unmap(3, PAGES - 3);
	assert_true(is_kept());
	unmap(0, 3);
	assert_false(is_kept());
}

static void unmap_middle__until_both_ends_are_gone(void **state)
{
	map_all(file.fd);
	unmap(3, 2);
	assert_true(is_kept());
	unmap(0, 3);
	assert_true(is_kept());
	unmap(5, 3);
	assert_false(is_kept());
	assert_int_equal(fake_keeper.n_owned, 0);
}

static void unmap_middle__other_end_first(void **state)
{
	map_all(file.fd);
	unmap(3, 2);
	unmap(5, 3);
	assert_true(is_kept());
	unmap(0, 3);
	assert_false(is_kept());
}

static void unmap_page_by_page__dropped_with_the_last(void **state)
{
	static const size_t order[] = {4, 1, 6, 2, 7, 0, 3, 5};
	size_t i;

	map_all(file.fd);
	for (i = 0; i < PAGES; i++) {
		assert_true(is_kept());
		unmap(order[i], 1);
	}
	assert_false(is_kept());
	assert_int_equal(fake_keeper.n_owned, 0);
}

/* No second descriptor for the other end: better too long than too short. */
static void unmap_middle__no_descriptor_left(void **state)
{
	struct rlimit limit, none;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	map_all(file.fd);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	unmap(3, 2);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_true(is_kept());
	unmap(0, 3);
	assert_true(is_kept());
	unmap(0, PAGES);
	assert_false(is_kept());
}

static void mapped_twice__until_both_are_gone(void **state)
{
	map_all(file.fd);
	map_at(END + PAGE, 1, file.fd);
	unmap(0, PAGES);
	assert_true(is_kept());
	forget(END + PAGE, END + 2 * PAGE);
	assert_false(is_kept());
}

static void table_full__others_stay(void **state)
{
	struct rlimit limit, more;
	struct file other;
	size_t i;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	more = limit;
	/* Half of them are left for leases. */
	more.rlim_cur = 2 * MAX_KEPT + 100;
	if (more.rlim_max < more.rlim_cur)
		SKIP_CASE("no more than %lu descriptors",
			  (unsigned long)more.rlim_max);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
	file_make(&other, DISK, 1);
	for (i = 0; i < MAX_KEPT; i++)
		map_at(START + i * PAGE, 1, file.fd);
	assert_int_equal(fake_keeper.n_owned, MAX_KEPT);
	map_at(START - PAGE, 1, other.fd);
	assert_int_equal(watch_dup(other.dev, other.ino), -1);
	assert_int_equal(fake_keeper.n_owned, MAX_KEPT);
	/* As soon as there is room */
	unmap(5, 1);
	map_at(START - PAGE, 1, other.fd);
	assert_int_equal(fake_keeper.n_owned, MAX_KEPT);
	forget(START, UINTPTR_MAX);
	assert_false(is_kept());
	assert_int_equal(fake_keeper.n_owned, 1);
	forget(0, START);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	file_put(&other);
}

static void kept__and_nothing_else_is_of_interest(void **state)
{
	map_at(START, 1, file.fd);
	assert_true(watch_ticket(START, START + 1));
	assert_true(watch_ticket(0, START + 1));
	assert_false(watch_ticket(0, START));
	assert_false(watch_ticket(START + PAGE, UINTPTR_MAX));
	map_at(END, 1, file.fd);
	assert_false(watch_ticket(START + PAGE, END));
	assert_false(watch_ticket(END + PAGE, UINTPTR_MAX));
}

static void part_of_a_page__kept_to_its_end(void **state)
{
	watch_mapped((void *)START, PAGE + 1, file.fd);
	assert_true(watch_ticket(START + 2 * PAGE - 1, END));
	assert_false(watch_ticket(START + 2 * PAGE, END));
}

static void unmapped__of_no_interest(void **state)
{
	map_at(START, 1, file.fd);
	unmap(0, 1);
	assert_false(watch_ticket(START, START + 1));
}

/* Until it is said that the first is gone, another may be at its addresses. */
static void mapped_again_meanwhile__kept(void **state)
{
	uint64_t ticket;

	map_all(file.fd);
	ticket = watch_ticket(START, END);
	map_all(file.fd);
	assert_int_equal(fake_keeper.n_owned, 2);
	watch_forget_range(START, END, ticket);
	assert_int_equal(fake_keeper.n_owned, 1);
	assert_true(is_kept());
}

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

static void moved__kept_where_it_is(void **state)
{
	map_all(file.fd);
	file_close(&file);
	move(0, PAGES, NEW, PAGES, false);
	assert_true(is_kept());
	assert_true(is_at(NEW, NEW + PAGES * PAGE));
	assert_false(watch_ticket(START, END));
	assert_int_equal(fake_keeper.n_owned, 1);
}

static void moved_and_larger__kept_to_the_end(void **state)
{
	map_all(file.fd);
	move(0, PAGES, NEW, 2 * PAGES, false);
	assert_true(is_at(NEW, NEW + 2 * PAGES * PAGE));
	assert_false(watch_ticket(START, END));
}

static void moved_and_smaller__cut(void **state)
{
	map_all(file.fd);
	move(0, PAGES, NEW, 3, false);
	assert_true(is_at(NEW, NEW + 3 * PAGE));
	assert_false(watch_ticket(START, END));
}

static void part_moved__both_are_kept(void **state)
{
	map_all(file.fd);
	move(2, 3, NEW, 3, false);
	assert_true(is_at(NEW, NEW + 3 * PAGE));
	assert_true(is_at(START, START + 2 * PAGE));
	assert_true(is_at(START + 5 * PAGE, END));
}

static void larger_in_place__kept_to_the_end(void **state)
{
	map_all(file.fd);
	move(0, PAGES, START, 2 * PAGES, false);
	assert_true(is_at(START, START + 2 * PAGES * PAGE));
	assert_int_equal(fake_keeper.n_owned, 1);
}

/* mremap(2) of the last pages only */
static void end_is_larger_in_place__all_of_it_is_kept(void **state)
{
	map_all(file.fd);
	move(PAGES - 1, 1, START + (PAGES - 1) * PAGE, 2, false);
	assert_true(is_at(START, END + PAGE));
}

static void smaller_in_place__cut(void **state)
{
	map_all(file.fd);
	move(0, PAGES, START, 3, false);
	assert_true(is_at(START, START + 3 * PAGE));
	assert_int_equal(fake_keeper.n_owned, 1);
}

static void doubled__until_both_are_gone(void **state)
{
	map_all(file.fd);
	move(2, 0, NEW, 4, true);
	assert_true(is_at(START, END));
	assert_true(is_at(NEW, NEW + 4 * PAGE));
	forget(START, END);
	assert_true(is_kept());
	forget(NEW, NEW + 4 * PAGE);
	assert_false(is_kept());
}

static void moved_without_unmapping__until_both_are_gone(void **state)
{
	map_all(file.fd);
	move(0, PAGES, NEW, PAGES, true);
	assert_true(is_at(START, END));
	assert_true(is_at(NEW, NEW + PAGES * PAGE));
}

/* Of what was there nothing is left. */
static void moved_over_another__that_is_dropped(void **state)
{
	struct file other;

	file_make(&other, DISK, 1);
	map_all(file.fd);
	map_at(NEW + PAGE, 1, other.fd);
	move(0, PAGES, NEW, PAGES, false);
	assert_int_equal(watch_dup(other.dev, other.ino), -1);
	assert_true(is_at(NEW, NEW + PAGES * PAGE));
	file_put(&other);
}

/* As mremap(2) does it with several mappings since Linux 6.17 */
static void two_moved__each_keeps_its_place(void **state)
{
	struct file other;

	file_make(&other, DISK, 1);
	map_at(START, 2, file.fd);
	map_at(START + 3 * PAGE, 1, other.fd);
	move(0, 4, NEW, 4, false);
	assert_false(watch_ticket(START, END));
	forget(NEW, NEW + 3 * PAGE);
	assert_false(is_kept());
	assert_true(is_at(NEW + 3 * PAGE, NEW + 4 * PAGE));
	file_put(&other);
}

static void kept_after_the_move__not_meant(void **state)
{
	struct watch_move args = {
		.start = START,
		.end = END,
		.new_start = NEW,
		.new_end = NEW + PAGE,
	};

	map_all(file.fd);
	args.ticket = watch_ticket(START, END);
	forget(START, END);
	map_all(file.fd);
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
static void others_unmap_meanwhile__exact(void **state)
{
	unsigned int i;

	assert_int_equal(pthread_create(&reader.thread, NULL, read_on, NULL),
			 0);
	for (i = 0; i < ROUNDS; i++) {
		/* There is room before it in the table, and a hole is made. */
		map_at(NEW, 1, file.fd);
		map_all(file.fd);
		forget(NEW, NEW + PAGE);
		reader.round++;
		unmap(3, 2);
		reader.round++;
		unmap(0, PAGES);
	}
	reader.must_end = true;
	assert_int_equal(pthread_join(reader.thread, NULL), 0);
	assert_int_equal(reader.n_missed, 0);
	assert_int_equal(reader.n_others, 0);
}

static void bounds__of_what_is_on_demand(void **state)
{
	watch_cover(START, END);
	assert_true(watch_covers(END - 1, END));
	assert_false(watch_covers(0, START));
	watch_cover(START + PAGE, START + 2 * PAGE);
	assert_true(watch_covers(START, START + 1));
	assert_true(watch_covers(END - 1, END));
}

static void forgotten__nothing_is_of_interest(void **state)
{
	watch_cover(START, END);
	watch_forget();
	assert_false(watch_covers(0, UINTPTR_MAX));
	assert_false(watch_ticket(0, UINTPTR_MAX));
	assert_true(watch_is_enabled());
}

#define WATCH_CASE(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(not_enabled__nothing_kept),
		WATCH_CASE(mapped__same_description),
		WATCH_CASE(descriptor_closed__still_kept),
		WATCH_CASE(other_file__not_found),
		WATCH_CASE(errno__as_before),
		WATCH_CASE(read_only_descriptor__not_kept),
		WATCH_CASE(path_descriptor__not_kept),
		WATCH_CASE(no_descriptor__not_kept),
		WATCH_CASE(device__not_kept),
		WATCH_CASE(pipe__not_kept),
		WATCH_CASE(file_system_without_leases__not_kept),
		WATCH_CASE(tmpfs__not_kept),
		WATCH_CASE(tmpfs__kept_if_it_may_be_guarded),
		WATCH_CASE(no_descriptor_left__not_kept),
		WATCH_CASE(other_description_under_the_number__not_kept),
		WATCH_CASE(no_keeper__not_kept),
		WATCH_CASE(unmap_whole__dropped),
		WATCH_CASE(unmap_more_than_it__dropped),
		WATCH_CASE(unmap_neighbours__kept),
		WATCH_CASE(unmap_prefix__trimmed),
		WATCH_CASE(unmap_suffix__trimmed),
		WATCH_CASE(unmap_middle__until_both_ends_are_gone),
		WATCH_CASE(unmap_middle__other_end_first),
		WATCH_CASE(unmap_page_by_page__dropped_with_the_last),
		WATCH_CASE(unmap_middle__no_descriptor_left),
		WATCH_CASE(mapped_twice__until_both_are_gone),
		WATCH_CASE(table_full__others_stay),
		WATCH_CASE(kept__and_nothing_else_is_of_interest),
		WATCH_CASE(part_of_a_page__kept_to_its_end),
		WATCH_CASE(unmapped__of_no_interest),
		WATCH_CASE(mapped_again_meanwhile__kept),
		WATCH_CASE(moved__kept_where_it_is),
		WATCH_CASE(moved_and_larger__kept_to_the_end),
		WATCH_CASE(moved_and_smaller__cut),
		WATCH_CASE(part_moved__both_are_kept),
		WATCH_CASE(larger_in_place__kept_to_the_end),
		WATCH_CASE(end_is_larger_in_place__all_of_it_is_kept),
		WATCH_CASE(smaller_in_place__cut),
		WATCH_CASE(doubled__until_both_are_gone),
		WATCH_CASE(moved_without_unmapping__until_both_are_gone),
		WATCH_CASE(moved_over_another__that_is_dropped),
		WATCH_CASE(two_moved__each_keeps_its_place),
		WATCH_CASE(kept_after_the_move__not_meant),
		WATCH_CASE(others_unmap_meanwhile__exact),
		WATCH_CASE(bounds__of_what_is_on_demand),
		WATCH_CASE(forgotten__nothing_is_of_interest),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
