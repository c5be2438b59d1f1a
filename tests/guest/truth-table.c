// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Every kind of mapping, registered for writing and for reading, has on every
 * kernel the result that the table gives: without pinsafe what the kernel
 * does, with it the guard that it got, or the error.
 *
 * way out: , a file system mounted with -o dax and the module layout_lease
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "guard.h"
#include "t.h"
#include "truth-kinds.h"
#include "verbs.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* An outcome is one of these or an errno value */
#define OK 0	    /* registered, and there is no lease */
#define LAYOUT (-1) /* registered under a layout lease */
#define LEASE (-2)  /* registered under an ordinary lease */
#define NONE (-3)   /* the kernel knows no such memory */
#define SAME (-4)   /* as without pinsafe */
#define NSUP EOPNOTSUPP
#define FAULT EFAULT

#define RW (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)
#define RO IBV_ACCESS_REMOTE_READ

#define RELEASE_MS 5000 /* for a lease to go after its last region */

static const char *const kernels[] = {"6.1", "6.12", "newest"};

struct cell {
	int rw;
	int ro;
};

/* clang-format off */
#define ALL(rw, ro) {{rw, ro}, {rw, ro}, {rw, ro}}
#define PASSED ALL(SAME, SAME)

static const struct row {
	enum memory memory;
	enum how how;
	struct cell without[ARRAY_SIZE(kernels)];
	struct cell pinsafe[ARRAY_SIZE(kernels)];
} rows[] = {
	/* No kernel pins FS-DAX memory without a layout lease. */
#define DAX_ROWS(memory)						       \
{memory, SHARED, ALL(NSUP, NSUP), ALL(NSUP, NSUP)},			       \
{memory, SHARED_READ, ALL(NSUP, NSUP), ALL(NSUP, NSUP)},		       \
{memory, SHARED_RDONLY, ALL(NSUP, NSUP), ALL(NSUP, NSUP)},		       \
{memory, HALF_ANONYMOUS, ALL(NSUP, NSUP), ALL(NSUP, NSUP)},		       \
{memory, PRIVATE, ALL(NSUP, NSUP), PASSED},				       \
{memory, COPIED, ALL(OK, OK), PASSED},					       \
{memory, COPIED_READ,							       \
	{{NSUP, NSUP},	 {NSUP, OK},	 {NSUP, OK}}, PASSED}

DAX_ROWS(EXT4_DAX),
DAX_ROWS(XFS_DAX),

	/*
	 * 6.1 pins page-cache pages for writing; later ones (6.5) do not.
	 * The columns:
	 * 6.1		   6.12		   newest
	 */
{PAGE_CACHE, SHARED,
	{{OK, OK},	 {FAULT, OK},	 {FAULT, OK}},
	{{LEASE, LEASE}, {FAULT, LEASE}, {FAULT, LEASE}}},
{PAGE_CACHE, SHARED_READ,
	{{FAULT, FAULT}, {FAULT, OK},	 {FAULT, OK}},
	{{FAULT, FAULT}, {FAULT, LEASE}, {FAULT, LEASE}}},
{PAGE_CACHE, SHARED_RDONLY,
	{{FAULT, FAULT}, {FAULT, OK},	 {FAULT, OK}},
	{{FAULT, FAULT}, {FAULT, LEASE}, {FAULT, LEASE}}},
{PAGE_CACHE, HALF_ANONYMOUS,
	{{OK, OK},	 {FAULT, OK},	 {FAULT, OK}},
	{{LEASE, LEASE}, {FAULT, LEASE}, {FAULT, LEASE}}},
{PAGE_CACHE, PRIVATE, ALL(OK, OK), PASSED},
{PAGE_CACHE, PRIVATE_READ, ALL(FAULT, OK), PASSED},

	/*
	 * Checksums cannot hold under a device that writes; and the file
	 * cannot be told for sure: maps has the file system's device,
	 * fstat(2) the subvolume's.
	 */
{BTRFS, SHARED,
	{{OK, OK},	 {FAULT, OK},	 {FAULT, OK}},
	ALL(NSUP, NSUP)},
	/* A lease on an overlay file does not guard the file below it */
{OVERLAY, SHARED,
	{{OK, OK},	 {FAULT, OK},	 {FAULT, OK}},
	ALL(NSUP, NSUP)},

	/* Memory that no file system takes away */
{ANONYMOUS, SHARED, ALL(OK, OK), PASSED},
{ANONYMOUS, PRIVATE, ALL(OK, OK), PASSED},
{DEVICE_DAX, SHARED, ALL(OK, OK), PASSED},
{MEMFD, SHARED, ALL(OK, OK), PASSED},
{TMPFS, SHARED, ALL(OK, OK), PASSED},
{TMPFS, SHARED_READ,
	{{FAULT, FAULT}, {FAULT, OK},	 {FAULT, OK}}, PASSED},
{HUGETLB, SHARED, ALL(OK, OK), PASSED},
{HUGETLB, SHARED_READ,
	{{FAULT, FAULT}, {FAULT, OK},	 {FAULT, OK}}, PASSED},
};
/* clang-format on */

/* FS-DAX under pinsafe where there are layout leases, on each kernel */
static const struct cell leases[] = {
	[SHARED] = {LAYOUT, LAYOUT},
	[SHARED_READ] = {FAULT, LAYOUT},
	[SHARED_RDONLY] = {FAULT, LAYOUT},
	[HALF_ANONYMOUS] = {LAYOUT, LAYOUT},
};

/*
 * Page caches and memory under pinsafe where the module has layout leases for
 * them, the latter with shmem=guard.  Written ones with page_cache_write=yes, if
 * the module offers that; else as the kernel pins them.
 */
/* clang-format off */
static const struct {
	enum memory memory;
	enum how how;
	struct cell cells[ARRAY_SIZE(kernels)];
	bool is_kept; /* is written, too, with page_cache_write=yes */
} cached[] = {
{PAGE_CACHE, SHARED,
	{{LAYOUT, LAYOUT}, {FAULT, LAYOUT}, {FAULT, LAYOUT}}, true},
{PAGE_CACHE, HALF_ANONYMOUS,
	{{LAYOUT, LAYOUT}, {FAULT, LAYOUT}, {FAULT, LAYOUT}}, true},
{PAGE_CACHE, SHARED_READ,
	{{FAULT, FAULT}, {FAULT, LAYOUT}, {FAULT, LAYOUT}}, false},
{PAGE_CACHE, SHARED_RDONLY,
	{{FAULT, FAULT}, {FAULT, LAYOUT}, {FAULT, LAYOUT}}, false},
{BTRFS, SHARED, ALL(NSUP, LAYOUT), false},
};

static const struct {
	enum memory memory;
	enum how how;
	struct cell cells[ARRAY_SIZE(kernels)];
} memory[] = {
{MEMFD, SHARED, ALL(LAYOUT, LAYOUT)},
{TMPFS, SHARED, ALL(LAYOUT, LAYOUT)},
{TMPFS, SHARED_READ, {{FAULT, FAULT}, {FAULT, LAYOUT}, {FAULT, LAYOUT}}},
{HUGETLB, SHARED, ALL(LAYOUT, LAYOUT)},
{HUGETLB, SHARED_READ, {{FAULT, FAULT}, {FAULT, LAYOUT}, {FAULT, LAYOUT}}},
};
/* clang-format on */

static bool is_set(const char *name, const char *value)
{
	const char *is = getenv(name);

	return is && !strcmp(is, value);
}

/* False: the module makes no difference to it. */
static bool find_cached(const struct row *row, int kernel,
			struct cell *ret_cell)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cached); i++) {
		if (cached[i].memory != row->memory ||
		    cached[i].how != row->how)
			continue;
		*ret_cell = cached[i].cells[kernel];
		if (!is_set("PINSAFE_PAGE_CACHE_WRITE", "yes"))
			return true;
		if (!guard_keeps_writes())
			ret_cell->rw = NSUP;
		else if (cached[i].is_kept)
			ret_cell->rw = LAYOUT;
		return true;
	}
	for (i = 0; i < ARRAY_SIZE(memory); i++) {
		if (memory[i].memory != row->memory || memory[i].how != row->how)
			continue;
		*ret_cell = memory[i].cells[kernel];
		return is_set("PINSAFE_SHMEM", "guard");
	}
	return false;
}

static int kernel_number(void)
{
	const char *name = getenv("PINSAFE_TEST_VERSION");
	size_t i;

	for (i = 0; name && i < ARRAY_SIZE(kernels); i++)
		if (!strcmp(kernels[i], name))
			return i;
	errno = 0;
	t_bail("the table knows no kernel %s", name ?: "");
}

static const char *outcome_name(int outcome)
{
	switch (outcome) {
	case OK:
		return "registered without a lease";
	case LAYOUT:
		return "registered under a layout lease";
	case LEASE:
		return "registered under an ordinary lease";
	case NONE:
		return "not on this kernel";
	default:
		return t_errname(outcome);
	}
}

static int lease_kind(void)
{
	struct guard_own own = guard_own_leases();

	if (own.layout + own.classic > 1)
		t_bail("%d layout and %d ordinary leases for one file",
		       own.layout, own.classic);
	return own.layout ? LAYOUT : own.classic ? LEASE : OK;
}

/* At the end of the range, which is the file's where half of it is not */
static bool works(struct verbs *verbs, struct kind *kind, struct ibv_mr *mr,
		  int access)
{
	static uint64_t value = 0x7472757468000000;
	char *at = kind->addr + kind->len - sizeof(value);
	char data[sizeof(value)] = "", fill[sizeof(value)];

	if (access == RW) {
		value++;
		return !verbs_write_once(verbs, &value, sizeof(value), at,
					 mr->rkey) &&
		       !memcmp(at, &value, sizeof(value));
	}
	memset(fill, KIND_FILL, sizeof(fill));
	return !verbs_read_once(verbs, data, sizeof(data), at, mr->rkey) &&
	       !memcmp(data, fill, sizeof(fill));
}

/* NONE, an errno value, or the guard of a region that works */
static int outcome(struct verbs *verbs, const struct row *row, int access)
{
	struct kind kind;
	struct ibv_mr *mr;
	int ret;

	if (!kind_map(row->memory, row->how, &kind))
		return NONE;
	errno = 0;
	mr = ibv_reg_mr(verbs->pd, kind.addr, kind.len, access);
	ret = mr ? lease_kind() : errno;
	if (mr) {
		t_ok(works(verbs, &kind, mr, access), "data arrives");
		t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
		t_ok(guard_wait_none_own(RELEASE_MS), "no lease is left");
	}
	kind_unmap(&kind);
	return ret;
}

static struct cell expectation(const struct row *row, int kernel)
{
	bool is_dax = row->memory == EXT4_DAX || row->memory == XFS_DAX;
	struct cell cell;

	if (guard_loaded() && guard_has_page_caches() &&
	    find_cached(row, kernel, &cell))
		return cell;
	if (!guard_loaded() || row->pinsafe[kernel].rw == SAME)
		return row->without[kernel];
	if (is_dax && getenv("PINSAFE_TEST_LEASES"))
		return leases[row->how];
	return row->pinsafe[kernel];
}

static void check(struct verbs *verbs, const struct row *row, int access,
		  int expected)
{
	int seen = outcome(verbs, row, access);

	t_ok(seen == expected, "%s, %s, %s: %s, expected %s",
	     kind_memory_name(row->memory), kind_how_name(row->how),
	     access == RW ? "rw" : "ro", outcome_name(seen),
	     outcome_name(expected));
}

int main(void)
{
	int kernel = kernel_number();
	struct cell cell;
	struct verbs verbs;
	size_t i;

	verbs_open(&verbs);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		cell = expectation(&rows[i], kernel);
		check(&verbs, &rows[i], RW, cell.rw);
		check(&verbs, &rows[i], RO, cell.ro);
	}
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
