// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Addresses of memory regions, looked for in the memory of this process */
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "lib/files.h"
#include "lib/test.h"
#include "mr_address.h"

/* No other memory of this process has such a number. */
#define LENGTH (page_size() * 3)

static struct ibv_context context;
static struct ibv_pd pd = {.context = &context};
static struct ibv_mr *own;
static char *memory;
static struct rdma_mr mr;
static struct mr_address found;

#define GIB (1UL << 30)

/* How often the tool asks which pages are there; and the time that it takes */
static size_t n_reads;
static uint64_t now_ns, ns_per_read;
ssize_t __real_pread(int fd, void *buffer, size_t size, off_t offset);
ssize_t __wrap_pread(int fd, void *buffer, size_t size, off_t offset);
int __wrap_sys_clock_gettime(clockid_t id, struct timespec *ret_now);

ssize_t __wrap_pread(int fd, void *buffer, size_t size, off_t offset)
{
	n_reads++;
	now_ns += ns_per_read;
	return __real_pread(fd, buffer, size, offset);
}

int __wrap_sys_clock_gettime(clockid_t id, struct timespec *ret_now)
{
	*ret_now = clock_timespec(now_ns);
	return 0;
}

/* Copies of the struct that calls have left there would be found, too. */
static void __attribute__((noinline)) wipe_stack(void)
{
	char below[64 << 10];

	explicit_bzero(below, sizeof(below));
}

static int setup(void **state)
{
	memory = mmap(NULL, LENGTH, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	own = calloc(1, sizeof(*own));
	*own = (struct ibv_mr){.context = &context,
			       .pd = &pd,
			       .addr = memory,
			       .length = LENGTH,
			       .lkey = 0x1234567,
			       .rkey = 0x7654321};
	mr = (struct rdma_mr){.length = LENGTH,
			      .has_keys = true,
			      .lkey = own->lkey,
			      .rkey = own->rkey};
	found = (struct mr_address){.mr = &mr};
	n_reads = 0;
	ns_per_read = 0;
	wipe_stack();
	return memory == MAP_FAILED || !own;
}

static int teardown(void **state)
{
	/* Nothing that the next case would find */
	explicit_bzero(own, sizeof(*own));
	free(own);
	munmap(memory, LENGTH);
	return 0;
}

#define ADDRESS_CASE(fn) CASE_WITH(fn, setup, teardown)

static int find(void)
{
	struct proc_maps maps;
	int r;

	r = proc_read_maps(getpid(), &maps);
	if (r)
		return r;
	r = mr_address_find(getpid(), &maps, &found, 1);
	proc_maps_put(&maps);
	return r;
}

/* The same in the mapping of @at only: sanitizers have a lot of memory. */
static int find_near(const void *at)
{
	struct proc_maps maps, one = { .n = 1 };
	int r;

	r = proc_read_maps(getpid(), &maps);
	if (r)
		return r;
	one.maps = maps.maps;
	while (one.maps->end <= (uintptr_t)at)
		one.maps++;
	r = mr_address_find(getpid(), &one, &found, 1);
	proc_maps_put(&maps);
	return r;
}

ADDRESS_CASE(with_keys__found)
{
	assert_int_equal(find(), 0);
	assert_true(found.is_known);
	assert_int_equal(found.address, (uintptr_t)memory);
}

ADDRESS_CASE(with_other_keys__unknown)
{
	mr.lkey++;
	assert_int_equal(find(), 0);
	assert_false(found.is_known);
}

ADDRESS_CASE(without_keys__found)
{
	mr.has_keys = false;
	assert_int_equal(find(), 0);
	assert_true(found.is_known);
	assert_int_equal(found.address, (uintptr_t)memory);
}

/* Two structs, one memory region: nobody can tell which it is */
ADDRESS_CASE(without_keys__ambiguous)
{
	struct ibv_mr *other = malloc(sizeof(*other));

	assert_non_null(other);
	*other = *own;
	other->lkey++;
	mr.has_keys = false;
	assert_int_equal(find(), 0);
	assert_false(found.is_known);
	explicit_bzero(other, sizeof(*other));
	free(other);
}

ADDRESS_CASE(with_keys__not_ambiguous)
{
	struct ibv_mr *other = malloc(sizeof(*other));

	assert_non_null(other);
	*other = *own;
	other->lkey++;
	other->addr = memory + 1;
	assert_int_equal(find(), 0);
	assert_true(found.is_known);
	assert_int_equal(found.address, (uintptr_t)memory);
	explicit_bzero(other, sizeof(*other));
	free(other);
}

/* What free() leaves behind has other pointers at its beginning. */
ADDRESS_CASE(freed__unknown)
{
	own->pd = NULL;
	assert_int_equal(find(), 0);
	assert_false(found.is_known);
}

ADDRESS_CASE(bad_pointer__unknown)
{
	own->pd = (struct ibv_pd *)16;
	assert_int_equal(find(), 0);
	assert_false(found.is_known);
}

ADDRESS_CASE(unmapped_without_keys__unknown)
{
	mr.has_keys = false;
	own->addr = (void *)4096;
	assert_int_equal(find(), 0);
	assert_false(found.is_known);
}

ADDRESS_CASE(ended__ESRCH)
{
	struct proc_maps maps;
	pid_t pid;
	int r;

	r = proc_read_maps(getpid(), &maps);
	assert_int_equal(r, 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(mr_address_find(pid, &maps, &found, 1), ESRCH);
	assert_false(found.is_known);
	proc_maps_put(&maps);
	assert_int_equal(proc_read_maps(pid, &maps), ESRCH);
}

/* It has ended, and nobody has waited for it yet. */
ADDRESS_CASE(zombie__ESRCH)
{
	struct proc_maps maps;
	siginfo_t info;
	pid_t pid;

	pid = fork();
	assert_true(pid >= 0);
	if (!pid)
		_exit(0);
	assert_int_equal(waitid(P_PID, pid, &info, WEXITED | WNOWAIT), 0);
	assert_int_equal(proc_read_maps(pid, &maps), ESRCH);
	assert_int_equal(proc_read_maps(getpid(), &maps), 0);
	assert_int_equal(mr_address_find(pid, &maps, &found, 1), ESRCH);
	proc_maps_put(&maps);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

/* A reservation; NULL: there is no room, or the kernel gives none */
static char *reserve(size_t size)
{
	char *at = mmap(NULL, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return at == MAP_FAILED ? NULL : at;
}

/* Nothing is there: nobody reads which pages of it are. */
ADDRESS_CASE(large_and_empty__passed_over)
{
	char *large = reserve(4096 * GIB);

	if (!large)
		SKIP_CASE("no 4 TiB of addresses");
	assert_int_equal(find_near(large), 0);
	assert_int_equal(n_reads, 0);
	munmap(large, 4096 * GIB);
}

/* However large what is around it is, thousands of pages are asked for at once. */
ADDRESS_CASE(in_a_large_mapping__found)
{
	size_t size = 1100 * GIB, at = size - page_size();
	char *large = reserve(size);
	struct ibv_mr copy = *own;

	if (!large)
		SKIP_CASE("no 1.1 TiB of addresses");
	memset(own, 0, sizeof(*own));
	memcpy(large + at, &copy, sizeof(copy));
	explicit_bzero(&copy, sizeof(copy));
	assert_int_equal(find_near(large), 0);
	assert_true(found.is_known);
	assert_int_equal(found.address, (uintptr_t)memory);
	assert_true(n_reads <= size / page_size() / 4000);

	/* As sanitizers have it: a table with pages here and there */
	n_reads = 0;
	assert_int_equal(madvise(large, size, MADV_DONTDUMP), 0);
	assert_int_equal(find_near(large), 0);
	assert_int_equal(n_reads, 0);
	munmap(large, size);
}

/* But not where it could be malloc(3)'s */
ADDRESS_CASE(not_dumped__found)
{
	char *pages = reserve(GIB);
	struct ibv_mr copy = *own;

	assert_non_null(pages);
	memset(own, 0, sizeof(*own));
	memcpy(pages + GIB / 2, &copy, sizeof(copy));
	explicit_bzero(&copy, sizeof(copy));
	assert_int_equal(madvise(pages, GIB, MADV_DONTDUMP), 0);
	assert_int_equal(find_near(pages), 0);
	assert_true(found.is_known);
	munmap(pages, GIB);
}

/* What was said on standard error while memory around @at was searched */
static const char *said_near(const void *at)
{
	static char text[1000];
	int pipe_fds[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(pipe_fds), 0);
	dup2(pipe_fds[1], STDERR_FILENO);
	close(pipe_fds[1]);
	(void)find_near(at);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(pipe_fds[0], text, sizeof(text) - 1);
	close(pipe_fds[0]);
	assert_true(n >= 0);
	text[n] = '\0';
	return text;
}

/* 1 GiB is read in 65 pieces. */
ADDRESS_CASE(progress__after_a_second)
{
	char *pages = reserve(GIB), line[200];
	const char *said;
	size_t n = 0;

	assert_non_null(pages);
	pages[0] = 1;
	ns_per_read = NSEC_PER_SEC / 66;
	assert_string_equal(said_near(pages), "");
	ns_per_read = NSEC_PER_SEC / 2;
	snprintf(line, sizeof(line),
		 "ibv_pinsafe_devinfo: looking for memory regions in process %d: 0 of 1 GiB done\n",
		 getpid());
	for (said = said_near(pages); *said; said += strlen(line), n++)
		assert_memory_equal(said, line, strlen(line));
	/* After 1, 2, 4, 8, 16 and 32 s of 32 */
	assert_int_equal(n, 6);
	munmap(pages, GIB);
}

/*
 * Wherever the pages are looked at in pieces.  The last cases: what they read is
 * left in memory that was freed, where others would find it.
 */
static void find_across(size_t n_pages, size_t first, size_t last)
{
	size_t size = n_pages * page_size(), i;
	char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ibv_mr copy = *own;

	assert_true(pages != MAP_FAILED);
	memset(own, 0, sizeof(*own));
	for (i = first; i <= last; i++) {
		char *at = pages + i * page_size() - 2 * sizeof(void *);

		memset(pages, 0, size);
		memcpy(at, &copy, sizeof(copy));
		found.is_known = false;
		explicit_bzero(&copy, sizeof(copy));
		assert_int_equal(find_near(pages), 0);
		assert_true(found.is_known);
		assert_int_equal(found.address, (uintptr_t)memory);
		memcpy(&copy, at, sizeof(copy));
	}
	munmap(pages, size);
}

ADDRESS_CASE(across_pages__found)
{
	find_across(300, 1, 299);
}

ADDRESS_CASE(across_blocks_of_pages__found)
{
	find_across(4200, 4094, 4098);
}
