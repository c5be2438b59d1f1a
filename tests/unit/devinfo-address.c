// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Addresses of memory regions, looked for in the memory of this process */
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

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

/*
 * Wherever the pages are looked at in pieces.  The last case: what it reads is
 * left in memory that was freed, where others would find it.
 */
ADDRESS_CASE(across_pages__found)
{
	size_t size = 300 * page_size(), at;
	char *pages = mmap(NULL, size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct ibv_mr copy = *own;

	assert_true(pages != MAP_FAILED);
	memset(own, 0, sizeof(*own));
	for (at = page_size(); at < size; at += page_size()) {
		memset(pages, 0, size);
		memcpy(pages + at - 2 * sizeof(void *), &copy, sizeof(copy));
		found.is_known = false;
		explicit_bzero(&copy, sizeof(copy));
		assert_int_equal(find_near(pages), 0);
		assert_true(found.is_known);
		assert_int_equal(found.address, (uintptr_t)memory);
		memcpy(&copy, pages + at - 2 * sizeof(void *), sizeof(copy));
	}
	munmap(pages, size);
}
