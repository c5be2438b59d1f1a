// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which descriptions are kept for mapped files, and until when */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fakes/fake_statx.h"
#include "lib/watched.h"
#include "preload/private.h"

/* As in watch.c */
#define MAX_KEPT 1024

/* The first case, as there is no way back */
CASE(not_enabled__nothing_kept)
{
	char *addr;

	file_make(&watched_file, DISK, 1);
	fake_fstatfs_magic = EXT4_SUPER_MAGIC;
	assert_false(watch_is_enabled());
	watched_map_all(watched_file.fd);
	assert_false(watched_is_kept());
	/* Nor if a child could inherit locks that are held */
	fake_fork_setup_error = ENOMEM;
	assert_false(watch_enable());
	assert_false(watch_is_enabled());
	watched_map_all(watched_file.fd);
	assert_false(watched_is_kept());
	addr = file_map(&watched_file, 0, 1, PROT_READ, NULL);
	watch_look_back();
	munmap(addr, page_size());
	assert_false(watched_is_kept());
	fake_fork_setup_error = 0;
	assert_false(watch_ticket(0, UINTPTR_MAX));
	file_put(&watched_file);
	assert_true(watch_enable());
	assert_true(watch_is_enabled());
	assert_false(watch_enable());
	fake_fstatfs_magic = 0;
}

WATCHED_CASE(mapped__same_description)
{
	int fd;

	watched_map_all(watched_file.fd);
	fd = watch_dup(watched_file.dev, watched_file.ino);
	assert_true(fd >= 0);
	assert_int_not_equal(fd, watched_file.fd);
	assert_int_equal(lseek(watched_file.fd, 123, SEEK_SET), 123);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 123);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

/* The lease is to be had through a description of our own. */
WATCHED_CASE(layout_leases_there__not_kept)
{
	fake_lease.has_layout = true;
	watched_map_all(watched_file.fd);
	assert_false(watched_is_kept());
	/* Unless somebody wants an ordinary one */
	fake_config.may_want_lease = true;
	watched_map_all(watched_file.fd);
	assert_true(watched_is_kept());
	fake_lease.has_layout = false;
}

WATCHED_CASE(descriptor_closed__still_kept)
{
	watched_map_all(watched_file.fd);
	file_close(&watched_file);
	assert_true(watched_is_kept());
}

WATCHED_CASE(other_file__not_found)
{
	watched_map_all(watched_file.fd);
	assert_int_equal(watch_dup(watched_file.dev, watched_file.ino + 1), -1);
	assert_int_equal(watch_dup(watched_file.dev + 1, watched_file.ino), -1);
}

WATCHED_CASE(errno__as_before)
{
	errno = E2BIG;
	watched_map_all(watched_file.fd);
	assert_int_equal(errno, E2BIG);
	watched_map_all(-1);
	assert_int_equal(errno, E2BIG);
	fake_keeper.borrow = ALWAYS(EMFILE);
	watched_map_all(watched_file.fd);
	assert_int_equal(errno, E2BIG);
}

/* Said to the program then, if it has closed its own */
WATCHED_CASE(no_room__known_for_that_file)
{
	watched_map_all(watched_file.fd);
	assert_false(watch_has_refused(watched_file.dev, watched_file.ino));
	watched_forget(0, UINTPTR_MAX);
	fake_keeper.borrow = ALWAYS(EMFILE);
	watched_map_all(watched_file.fd);
	assert_true(watch_has_refused(watched_file.dev, watched_file.ino));
	assert_false(watch_has_refused(watched_file.dev,
				       watched_file.ino + 1));
}

/* And it is not asked of the keeper, which costs */
static void not_kept(int fd)
{
	watched_map_all(fd);
	assert_int_equal(fake_keeper.call.n_calls, 0);
	assert_int_equal(fake_keeper.n_owned, 0);
	assert_false(watch_ticket(0, UINTPTR_MAX));
}

/* The kernel pins them under a layout lease only, which opens them anew. */
WATCHED_CASE(file_with_dax__not_kept)
{
	fake_statx_is_dax = true;
	not_kept(watched_file.fd);
	fake_statx_is_dax = false;
	watched_map_all(watched_file.fd);
	assert_true(watched_is_kept());
}

static void opened_with(int flags)
{
	int fd = open(watched_file.path, flags | O_CLOEXEC);

	assert_true(fd >= 0);
	not_kept(fd);
	close(fd);
}

/* It can be opened again for a lease on readers. */
WATCHED_CASE(read_only_descriptor__not_kept)
{
	opened_with(O_RDONLY);
}

WATCHED_CASE(path_descriptor__not_kept)
{
	opened_with(O_PATH);
}

WATCHED_CASE(no_descriptor__not_kept)
{
	not_kept(-1);
}

WATCHED_CASE(device__not_kept)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	not_kept(fd);
	close(fd);
}

WATCHED_CASE(pipe__not_kept)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	not_kept(fds[0]);
	not_kept(fds[1]);
	close(fds[0]);
	close(fds[1]);
}

WATCHED_CASE(file_system_without_leases__not_kept)
{
	fake_fstatfs_magic = FAKE_FS_WITHOUT_LEASES;
	not_kept(watched_file.fd);
}

WATCHED_CASE(tmpfs__not_kept)
{
	fake_fstatfs_magic = TMPFS_MAGIC;
	not_kept(watched_file.fd);
}

WATCHED_CASE(tmpfs__kept_if_it_may_be_guarded)
{
	fake_fstatfs_magic = TMPFS_MAGIC;
	fake_config.may_guard_shmem = true;
	watched_map_all(watched_file.fd);
	assert_true(watched_is_kept());
}

WATCHED_CASE(no_descriptor_left__not_kept)
{
	fake_keeper.borrow = ALWAYS(EMFILE);
	watched_map_all(watched_file.fd);
	assert_false(watched_is_kept());
	assert_int_equal(fake_keeper.n_owned, 0);
}

/* Of a thread with descriptors of its own: the keeper gets another's. */
WATCHED_CASE(other_description_under_the_number__not_kept)
{
	int fds[2];
	char c;

	assert_int_equal(pipe(fds), 0);
	fake_keeper.borrowed = fds[1];
	watched_map_all(watched_file.fd);
	assert_int_equal(fake_keeper.n_owned, 0);
	/* Nobody keeps it open. */
	close(fds[1]);
	assert_int_equal(read(fds[0], &c, 1), 0);
	close(fds[0]);
}

WATCHED_CASE(no_keeper__not_kept)
{
	fake_keeper.call = ALWAYS(EAGAIN);
	watched_map_all(watched_file.fd);
	assert_false(watched_is_kept());
}

WATCHED_CASE(unmap_whole__dropped)
{
	watched_map_all(watched_file.fd);
	watched_unmap(0, PAGES);
	assert_false(watched_is_kept());
	assert_int_equal(fake_keeper.n_owned, 0);
}

WATCHED_CASE(unmap_more_than_it__dropped)
{
	watched_map_all(watched_file.fd);
	watched_forget(START - PAGE, END + PAGE);
	assert_false(watched_is_kept());
}

WATCHED_CASE(unmap_neighbours__kept)
{
	watched_map_all(watched_file.fd);
	watched_forget(0, START);
	watched_forget(END, UINTPTR_MAX);
	assert_true(watched_is_kept());
}

struct step {
	int first, pages;
	bool is_kept;
};

/* Page after page of the mapping is unmapped. */
static void unmapped_in(const struct step *step)
{
	watched_map_all(watched_file.fd);
	assert_true(watched_is_kept());
	for (; step->pages; step++) {
		watched_unmap(step->first, step->pages);
		assert_int_equal(watched_is_kept(), step->is_kept);
	}
	assert_int_equal(fake_keeper.n_owned, 0);
}

#define STEPS(...) ((const struct step[]){ __VA_ARGS__, { 0 } })

/* Where it was, something else may be by now. */
WATCHED_CASE(unmap_prefix__trimmed)
{
	unmapped_in(STEPS({ 0, 3, true }, { 0, 3, true },
			  { 3, PAGES - 3, false }));
}

WATCHED_CASE(unmap_suffix__trimmed)
{
	unmapped_in(STEPS({ 3, PAGES - 3, true }, { 3, PAGES - 3, true },
			  { 0, 3, false }));
}

WATCHED_CASE(unmap_middle__until_both_ends_are_gone)
{
	unmapped_in(STEPS({ 3, 2, true }, { 0, 3, true }, { 5, 3, false }));
}

WATCHED_CASE(unmap_middle__other_end_first)
{
	unmapped_in(STEPS({ 3, 2, true }, { 5, 3, true }, { 0, 3, false }));
}

WATCHED_CASE(unmap_page_by_page__dropped_with_the_last)
{
	unmapped_in(STEPS({ 4, 1, true }, { 1, 1, true }, { 6, 1, true },
			  { 2, 1, true }, { 7, 1, true }, { 0, 1, true },
			  { 3, 1, true }, { 5, 1, false }));
}

/* No second descriptor for the other end: better too long than too short. */
WATCHED_CASE(unmap_middle__no_descriptor_left)
{
	size_t limit;

	watched_map_all(watched_file.fd);
	limit = descriptors_limit(0);
	watched_unmap(3, 2);
	descriptors_limit(limit);
	assert_true(watched_is_kept());
	watched_unmap(0, 3);
	assert_true(watched_is_kept());
	watched_unmap(0, PAGES);
	assert_false(watched_is_kept());
}

WATCHED_CASE(mapped_twice__until_both_are_gone)
{
	watched_map_all(watched_file.fd);
	watched_map(END + PAGE, 1, watched_file.fd);
	watched_unmap(0, PAGES);
	assert_true(watched_is_kept());
	watched_forget(END + PAGE, END + 2 * PAGE);
	assert_false(watched_is_kept());
}

WATCHED_CASE(table_full__others_stay)
{
	/* Half of them are left for leases. */
	size_t wanted = 2 * MAX_KEPT + 100, before, i;
	struct rlimit limit;
	struct file other;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (limit.rlim_max < wanted)
		SKIP_CASE("no more than %lu descriptors",
			  (unsigned long)limit.rlim_max);
	before = descriptors_limit(wanted);
	file_make(&other, DISK, 1);
	for (i = 0; i < MAX_KEPT; i++)
		watched_map(START + i * PAGE, 1, watched_file.fd);
	assert_int_equal(fake_keeper.n_owned, MAX_KEPT);
	watched_map(START - PAGE, 1, other.fd);
	assert_int_equal(watch_dup(other.dev, other.ino), -1);
	assert_int_equal(fake_keeper.n_owned, MAX_KEPT);
	/* As soon as there is room */
	watched_unmap(5, 1);
	watched_map(START - PAGE, 1, other.fd);
	assert_int_equal(fake_keeper.n_owned, MAX_KEPT);
	watched_forget(START, UINTPTR_MAX);
	assert_false(watched_is_kept());
	assert_int_equal(fake_keeper.n_owned, 1);
	watched_forget(0, START);
	descriptors_limit(before);
	file_put(&other);
}

/* Until it is said that the first is gone, another may be at its addresses. */
WATCHED_CASE(mapped_again_meanwhile__kept)
{
	uint64_t ticket;

	watched_map_all(watched_file.fd);
	ticket = watch_ticket(START, END);
	watched_map_all(watched_file.fd);
	assert_int_equal(fake_keeper.n_owned, 2);
	watch_forget_range(START, END, ticket);
	assert_int_equal(fake_keeper.n_owned, 1);
	assert_true(watched_is_kept());
}
