// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which descriptions are kept for files that were mapped before anybody looked */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/watched.h"
#include "preload/private.h"

WATCHED_CASE(mapped_before__same_description)
{
	char *addr = file_map(&watched_file, 0, PAGES, PROT_READ, NULL);
	int fd;

	watch_look_back();
	assert_true(watch_ticket((uintptr_t)addr, (uintptr_t)addr + 1));
	assert_int_equal(lseek(watched_file.fd, 123, SEEK_SET), 123);
	file_close(&watched_file);
	fd = watch_dup(watched_file.dev, watched_file.ino);
	assert_true(fd >= 0);
	assert_int_equal(lseek(fd, 0, SEEK_CUR), 123);
	close(fd);
	munmap(addr, PAGES * page_size());
}

WATCHED_CASE(several_mappings__each)
{
	char *first = file_map(&watched_file, 0, 1, PROT_READ, NULL);
	char *second = file_map(&watched_file, 2, 1, PROT_READ, NULL);
	struct file other;

	file_make(&other, DISK, 1);
	watch_look_back();
	assert_int_equal(fake_keeper.n_owned, 2);
	assert_true(watch_ticket((uintptr_t)first, (uintptr_t)first + 1));
	assert_true(watch_ticket((uintptr_t)second, (uintptr_t)second + 1));
	assert_int_equal(watch_dup(other.dev, other.ino), -1);
	file_put(&other);
	munmap(first, page_size());
	munmap(second, page_size());
}

/* The mapping may be of the other one. */
WATCHED_CASE(another_description__not_kept)
{
	char *addr = file_map(&watched_file, 0, 1, PROT_READ, NULL);

	fake_lease.has_others = true;
	watch_look_back();
	assert_false(watched_is_kept());
	assert_int_equal(fake_keeper.n_owned, 0);
	munmap(addr, page_size());
}

WATCHED_CASE(nothing_mapped__keeper_left_alone)
{
	watch_look_back();
	assert_int_equal(fake_keeper.call.n_calls, 0);
}

WATCHED_CASE(private_mapping__keeper_left_alone)
{
	void *addr = mmap(NULL, page_size(), PROT_READ, MAP_PRIVATE,
			  watched_file.fd, 0);

	watch_look_back();
	assert_int_equal(fake_keeper.call.n_calls, 0);
	munmap(addr, page_size());
}

WATCHED_CASE(closed_before__keeper_left_alone)
{
	char *addr = file_map(&watched_file, 0, 1, PROT_READ, NULL);

	file_close(&watched_file);
	watch_look_back();
	assert_int_equal(fake_keeper.call.n_calls, 0);
	munmap(addr, page_size());
}
