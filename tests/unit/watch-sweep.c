// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What is kept of mappings that were unmapped past us, at the next look */
#include <sys/mman.h>

#include "lib/watched.h"

/* What is there is not looked at by its kept address alone. */
WATCHED_CASE(unmapped_unseen__not_kept_any_more)
{
	char *gone = file_map(&watched_file, 0, 1, PROT_READ, NULL);
	char *there = file_map(&watched_file, 0, PAGES, PROT_READ, NULL);
	uintptr_t page = (uintptr_t)there + PAGE;

	watched_map((uintptr_t)gone, 1, watched_file.fd);
	watched_map((uintptr_t)there, PAGES, watched_file.fd);
	assert_int_equal(fake_keeper.n_owned, 2);
	watch_sweep();
	assert_int_equal(fake_keeper.n_owned, 2);
	munmap((void *)gone, PAGE);
	munmap((void *)there, PAGE);
	watch_sweep();
	assert_int_equal(fake_keeper.n_owned, 1);
	assert_true(watch_ticket(page, page + 1));
	/* Other memory at the same addresses is not it. */
	assert_ptr_equal(mmap((void *)page, (PAGES - 1) * PAGE, PROT_READ,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0),
			 (void *)page);
	watch_sweep();
	assert_int_equal(fake_keeper.n_owned, 0);
	munmap((void *)page, (PAGES - 1) * PAGE);
}

/* Where one is over a part of the other, both have something mapped. */
WATCHED_CASE(overlapping__each_for_itself)
{
	char *outer = file_map(&watched_file, 0, PAGES, PROT_READ, NULL);
	uintptr_t second = (uintptr_t)outer + PAGE;
	struct file other;

	file_make(&other, DISK, 1);
	watched_map((uintptr_t)outer, PAGES, watched_file.fd);
	assert_ptr_equal(mmap((void *)second, PAGE, PROT_READ,
			      MAP_SHARED | MAP_FIXED, other.fd, 0),
			 (void *)second);
	watched_map(second, 1, other.fd);
	watch_sweep();
	assert_int_equal(fake_keeper.n_owned, 2);
	munmap((void *)second, PAGE);
	watch_sweep();
	assert_int_equal(fake_keeper.n_owned, 1);
	assert_true(watched_is_kept());
	munmap((void *)outer, PAGES * PAGE);
	file_put(&other);
}
