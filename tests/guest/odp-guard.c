// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * On-demand paging, forced by guard=odp: the program is told once, the file
 * has all its blocks and the data, holes made later are filled, another process
 * truncates it without waiting and the key fails until the file grows again.
 * Before other memory gets the address, the region is revoked.  The control, on
 * demand by itself, shows that else the device writes into that memory.
 *
 * Only transfers that rxe does right: one packet, at the start of a page.
 *
 *   odp-guard DIR [--expect-damage]
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define AT 20480
#define FILL '-'
#define STEP_MS 8000
#define AT_ONCE_NS 1500000000ULL
#define WARNING "registered with on-demand paging"

static struct verbs verbs;
static struct region region;
static bool guarded;

/* The other process */
enum { PUNCH_HOLE = -1 }; /* or the new size of the file */

static int other(void *arg, long request)
{
	int fd, r = 0;

	if (request != PUNCH_HOLE)
		return region_truncate(region.path, request);
	fd = open(region.path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				0, FILE_LEN))
		r = errno;
	close(fd);
	return r;
}

static void create(const char *dir)
{
	int access = VERBS_ACCESS | (guarded ? 0 : IBV_ACCESS_ON_DEMAND);

	region_create(&region, dir, "odp", FILE_LEN);
	region.mr = ibv_reg_mr(verbs.pd, region.addr, FILE_LEN, access);
	if (!region.mr)
		t_bail("registering on demand");
	t_ok(!region_leases(&region).ordinary && !region_leases(&region).held,
	     "no lease");
	region_check_arrives(&region, &verbs, "registered");
}

static void check_again(void)
{
	region_deregister(&region);
	region_register(&region, &verbs);
	t_ok(rerun_log_count(WARNING) == 1,
	     "registered again: no second warning");
	region_check_arrives(&region, &verbs, "registered again");
}

static size_t allocated(void)
{
	struct stat st;

	if (fstat(region.fd, &st))
		t_bail("fstat");
	return st.st_blocks * 512UL;
}

static void check_space(struct t_child *child)
{
	region_deregister(&region);
	if (ftruncate(region.fd, 0) || ftruncate(region.fd, FILE_LEN))
		t_bail("making a sparse file");
	region_register(&region, &verbs);
	t_ok(allocated() >= FILE_LEN, "a sparse file has all its blocks");
	t_zero(t_child_run(child, PUNCH_HOLE, STEP_MS).err,
	       "a hole punched by another process");
	t_ok(!allocated(), "the file has no blocks");
	region_check_arrives(&region, &verbs, "into the hole");
	t_ok(allocated(), "the file has blocks again");
}

static void check_truncated(struct t_child *child)
{
	struct t_child_result result;
	uint64_t ns;
	int status;

	result = t_child_run(child, 0, STEP_MS);
	ns = result.end_ns - result.begin_ns;
	t_zero(result.err, "truncate by another process");
	t_ok(ns < AT_ONCE_NS, "at once: %.0f ms", t_ms(ns));
	status = region_write(&region, &verbs, AT, 1);
	t_ok(status == IBV_WC_REM_ACCESS_ERR, "RDMA WRITE afterwards: %s",
	     ibv_wc_status_str(status));
	t_zero(t_child_run(child, FILE_LEN, STEP_MS).err,
	       "the file grows again");
	region_check_arrives(&region, &verbs, "the key works again");
	t_ok(!guard_stats().revoked_mrs, "nothing was revoked");
}

enum way { MUNMAP, MMAP, MREMAP };

static const char *const ways[] = {
	"munmap",
	"mmap(MAP_FIXED)",
	"mremap to another place",
};

/* Map another file where the memory is, or was */
static void map_other(int fd)
{
	if (mmap(region.addr, FILE_LEN, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, fd, 0) != region.addr)
		t_bail("mmap(MAP_FIXED)");
}

static void take_away(enum way way, int fd)
{
	char *elsewhere;

	switch (way) {
	case MUNMAP:
		if (munmap(region.addr, FILE_LEN))
			t_bail("munmap");
		break;
	case MMAP:
		map_other(fd);
		break;
	case MREMAP:
		elsewhere = mmap(NULL, FILE_LEN, PROT_NONE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (elsewhere == MAP_FAILED ||
		    mremap(region.addr, FILE_LEN, FILE_LEN,
			   MREMAP_MAYMOVE | MREMAP_FIXED,
			   elsewhere) != elsewhere)
			t_bail("mremap");
		break;
	}
}

static void check_replaced(const char *dir, enum way way)
{
	uint64_t value = 0x6f74686572000000, damage, revoked;
	const char *what = ways[way];
	char path[FILES_PATH_MAX];
	int fd, status;

	create(dir);
	files_path(path, dir, "other");
	fd = files_create(path, FILE_LEN, FILL);
	revoked = guard_stats().revoked_mrs;
	take_away(way, fd);
	t_ok(guard_stats().revoked_mrs == revoked + guarded,
	     "%s: when it has returned the region is %srevoked", what,
	     guarded ? "" : "not ");
	if (way != MMAP)
		map_other(fd);
	status = region_write(&region, &verbs, AT, value);
	t_ok(status == (guarded ? IBV_WC_REM_ACCESS_ERR : IBV_WC_SUCCESS),
	     "%s, another file there: RDMA WRITE: %s", what,
	     ibv_wc_status_str(status));
	damage = files_count_other(fd, 0, FILE_LEN, FILL);
	t_ok(guarded ? !damage : damage == sizeof(value),
	     "%s: %lu bytes of the other file are changed", what, damage);
	region_destroy(&region);
	close(fd);
	unlink(path);
}

static void require_odp(void)
{
	struct ibv_device_attr_ex attr;

	if (ibv_query_device_ex(verbs.context, NULL, &attr))
		t_bail("ibv_query_device_ex");
	if (!(attr.odp_caps.general_caps & IBV_ODP_SUPPORT))
		t_skip("rxe has no on-demand paging on this kernel");
}

int main(int argc, char **argv)
{
	struct t_child child;
	enum way way;

	guarded = guard_loaded();
	if (argc != 3 - guarded ||
	    (!guarded && strcmp(argv[2], "--expect-damage")))
		t_bail("usage: DIR, or without pinsafe DIR --expect-damage");
	rerun_with_log(argv);
	files_path(region.path, argv[1], "odp");
	t_child_start(&child, other, NULL);
	verbs_open(&verbs);
	/*
	 * Under the preload object, and nothing that replaces what it has:
	 * way out: start the program with libpinsafe-preload.so
	 * way out: , or turn off what replaces it
	 * way out: , or a device with on-demand paging and libpinsafe-preload.so
	 */
	require_odp();
	create(argv[1]);
	t_ok(rerun_log_count(WARNING) == guarded, "the log has %s",
	     guarded ? "one warning" : "nothing");
	check_truncated(&child);
	if (guarded) {
		check_again();
		check_space(&child);
	}
	region_destroy(&region);
	for (way = MUNMAP; way <= MREMAP; way++)
		check_replaced(argv[1], way);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&child);
	return t_done();
}
