// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Whatever may belong to a file is not anonymous, on the kernel as it is here. */
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/files.h"
#include "lib/test.h"
#include "memory/mapping.h"

#define N_PAGES 8

static char *map(int flags, int fd)
{
	char *addr = mmap(NULL, N_PAGES * page_size(), PROT_READ | PROT_WRITE,
			  flags, fd, 0);

	assert_ptr_not_equal(addr, MAP_FAILED);
	return addr;
}

static char *map_anonymous(void)
{
	return map(MAP_PRIVATE | MAP_ANONYMOUS, -1);
}

static void fill(char *addr)
{
	memset(addr, 1, N_PAGES * page_size());
}

static bool ask(const char *addr)
{
	return pages_are_anonymous((uintptr_t)addr, N_PAGES * page_size());
}

static void unmap(char *addr)
{
	munmap(addr, N_PAGES * page_size());
}

CASE(written__anonymous)
{
	char *addr = map_anonymous();

	fill(addr);
	assert_true(ask(addr));
	assert_true(pages_are_anonymous((uintptr_t)addr + 100, 1));
	assert_true(pages_are_anonymous((uintptr_t)addr + page_size() - 1, 2));
	unmap(addr);
}

CASE(not_there__not_said)
{
	char *addr = map_anonymous();

	assert_false(ask(addr));
	memset(addr, 1, (N_PAGES - 1) * page_size());
	assert_false(ask(addr));
	unmap(addr);
	assert_false(ask(addr));
}

static void one_page_of_a_file__not(const char *dir)
{
	char *addr = map_anonymous();
	struct file file;
	int i;

	file_make(&file, dir, 1);
	file_fill(&file, 0, 1);
	for (i = 0; i < N_PAGES; i++) {
		fill(addr);
		assert_true(ask(addr));
		file_map(&file, 0, 1, PROT_READ | PROT_WRITE,
			 addr + i * page_size());
		addr[i * page_size()] = 1;
		assert_false(ask(addr));
		unmap(addr);
		addr = map_anonymous();
	}
	unmap(addr);
	file_put(&file);
}

CASE(one_page_of_a_disk__not_said)
{
	one_page_of_a_file__not(DISK);
}

CASE(one_page_of_tmpfs__not_said)
{
	one_page_of_a_file__not(SHM);
}

CASE(shared_without_a_file__not_said)
{
	char *addr = map(MAP_SHARED | MAP_ANONYMOUS, -1);

	fill(addr);
	assert_false(ask(addr));
	unmap(addr);
}

CASE(copies_of_a_file__anonymous)
{
	struct file file;
	char *addr;

	file_make(&file, DISK, N_PAGES);
	file_fill(&file, 0, N_PAGES);
	addr = map(MAP_PRIVATE, file.fd);
	(void)*(volatile char *)addr;
	assert_false(ask(addr));
	fill(addr);
	assert_true(ask(addr));
	unmap(addr);
	file_put(&file);
}

/* What a child has, too, is not mapped here only. */
CASE(shared_with_a_child__not_said)
{
	char *addr = map_anonymous();
	int ends[2], status;
	pid_t pid;
	char c;

	fill(addr);
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (!pid) {
		close(ends[1]);
		_exit(read(ends[0], &c, 1));
	}
	assert_false(ask(addr));
	fill(addr);
	assert_true(ask(addr));
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	unmap(addr);
}

CASE(nonsense__not_said)
{
	assert_false(pages_are_anonymous(4096, 0));
	assert_false(pages_are_anonymous(UINTPTR_MAX - 10, 100));
	assert_false(pages_are_anonymous(UINTPTR_MAX & ~4095ul, 4096));
	assert_false(pages_are_anonymous(4096, SIZE_MAX));
}

/* Only a guess: what is noted is believed until it is asked in earnest. */
CASE(noted__seems_so)
{
	char *addr = map_anonymous();
	size_t length = N_PAGES * page_size();
	bool are;

	assert_false(pages_recall((uintptr_t)addr, length, &are));
	pages_note((uintptr_t)addr, length, true);
	assert_true(pages_recall((uintptr_t)addr, length, &are));
	assert_true(are);
	assert_false(pages_recall((uintptr_t)addr, length - 1, &are));
	assert_false(ask(addr));
	fill(addr);
	pages_note((uintptr_t)addr, length, false);
	assert_true(pages_recall((uintptr_t)addr, length, &are));
	assert_false(are);
	assert_true(ask(addr));
	unmap(addr);
}
