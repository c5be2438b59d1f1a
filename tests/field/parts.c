// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A range over several mappings, of which a part is read-only or has no access,
 * as guard pages of allocators do.  The sentence names that part; what it says
 * to do works.
 *
 * From reports on memory hooks (UCX, libfabric).
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "region.h"
#include "rerun.h"
#include "t.h"

#define RW (PROT_READ | PROT_WRITE)

static struct verbs verbs;
static struct region region;
static char *range;
static size_t page;

/* File, anonymous memory, file; two pages each, and nothing behind */
static void map(void)
{
	range = mmap(NULL, 8 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		     0);
	if (mmap(range, 2 * page, RW, MAP_SHARED | MAP_FIXED, region.fd, 0) ==
		    MAP_FAILED ||
	    mmap(range + 2 * page, 2 * page, RW,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED ||
	    mmap(range + 4 * page, 2 * page, RW, MAP_SHARED | MAP_FIXED,
		 region.fd, 4 * page) == MAP_FAILED)
		t_bail("mmap");
}

static int try(size_t pages)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(verbs.pd, range, pages * page, VERBS_ACCESS);
	return mr ? ibv_dereg_mr(mr) : errno;
}

static void names(size_t first, size_t n, size_t pages, const char *what)
{
	char text[100];
	int err;

	rerun_log_clear();
	err = try(pages);
	snprintf(text, sizeof(text), "0x%lx-0x%lx ",
		 (unsigned long)range + first * page,
		 (unsigned long)range + (first + n) * page);
	t_ok(err == EFAULT, "%s: %s", what, t_errname(err));
	t_ok(rerun_log_count(text) == 1, "%s: the log names %s", what, text);
	t_ok(rerun_log_count(what) == 1, "%s: and says so", what);
	t_ok(!rerun_log_count("since 6.5") && !rerun_log_count("-o dax"),
	     "%s: nothing of page caches", what);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		t_bail("usage: DIR");
	page = sysconf(_SC_PAGESIZE);
	rerun_with_log(argv);
	region_create(&region, argv[1], "parts", 8 * page);
	verbs_open(&verbs);
	map();
	t_zero(try(6), "file, anonymous memory, file");

	mprotect(range + 4 * page, page, PROT_READ);
	names(4, 1, 6, "read-only");
	mprotect(range + 4 * page, page, RW);
	t_zero(try(6), "writable again");

	mprotect(range + 3 * page, page, PROT_NONE);
	names(3, 1, 6, "PROT_NONE");
	/* way out: , or register what is before and behind it */
	t_zero(try(3), "what is before it");
	mprotect(range + 3 * page, page, RW);
	/* way out: make it accessible by mprotect(2) */
	t_zero(try(6), "accessible again");

	mprotect(range + page, page, PROT_NONE);
	names(1, 1, 6, "PROT_NONE");
	mprotect(range + page, page, RW);

	names(6, 1, 7, "PROT_NONE");
	munmap(range + 6 * page, page);
	names(6, 1, 7, "is not mapped");
	/* way out: register only what is */
	t_zero(try(6), "only what is mapped");
	munmap(range, 8 * page);
	region_destroy(&region);
	return t_done();
}
