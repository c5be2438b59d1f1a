// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A process holds one lease on each file under its memory regions, from the
 * first of them to the last, and one truncate revokes all regions over the
 * file, those of other processes, too, and those that are where nothing of a file
 * has been.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (2UL << 20)
#define PAGE 4096UL
#define RETURN_MS (guard_break_time_ms() / 2)

static struct region shared, first, second;

/* Registers, tells whether the region is alive, and deregisters */
enum { REGISTER, IS_ALIVE, DEREGISTER };

static int hold(void *arg, long request)
{
	static struct verbs verbs;
	static struct ibv_mr *mr;
	int status;

	switch (request) {
	case REGISTER:
		verbs_open(&verbs);
		mr = ibv_reg_mr(verbs.pd, shared.addr, FILE_LEN, VERBS_ACCESS);
		return mr ? 0 : errno;
	case IS_ALIVE:
		status = verbs_write_once(&verbs, "alive", 5, shared.addr,
					  mr->rkey);
		return status == IBV_WC_SUCCESS ? 0 : EKEYREVOKED;
	default:
		return ibv_dereg_mr(mr);
	}
}

static void truncate_by(struct t_child *child, const char *what)
{
	struct t_child_result result = t_child_run(child, 0, RETURN_MS);

	t_zero(result.err, "%s: truncate by another process returns in %.0f ms",
	       what, t_ms(result.end_ns - result.begin_ns));
}

static void two_regions(struct verbs *verbs)
{
	struct ibv_mr *mr;

	region_register(&first, verbs);
	t_ok(region_leases(&first).held == 1, "one region: one lease");
	mr = ibv_reg_mr(verbs->pd, first.addr + 4096, 4096, VERBS_ACCESS);
	if (!mr)
		t_bail("registering a second time");
	t_ok(region_leases(&first).held == 1 && guard_stats().leases == 1,
	     "two regions over one file: one lease");
	region_deregister(&first);
	t_ok(region_leases(&first).held == 1,
	     "the first is gone: the lease is still there");
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
	t_ok(!region_leases(&first).held && !guard_stats().leases,
	     "the last is gone: so is the lease");
	t_ok(!guard_stats().breaks, "nothing was broken");
}

/* The two files side by side, as one range of memory */
static char *map_both(void)
{
	char *addr = mmap(NULL, 2 * FILE_LEN, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int prot = PROT_READ | PROT_WRITE;

	if (addr == MAP_FAILED ||
	    mmap(addr, FILE_LEN, prot, MAP_SHARED | MAP_FIXED, first.fd, 0) ==
		    MAP_FAILED ||
	    mmap(addr + FILE_LEN, FILE_LEN, prot, MAP_SHARED | MAP_FIXED,
		 second.fd, 0) == MAP_FAILED)
		t_bail("mapping two files");
	return addr;
}

static void two_files(struct verbs *verbs, struct region *truncated,
		      struct t_child *child)
{
	char *addr = map_both();
	struct ibv_mr *mr;
	int status;

	mr = ibv_reg_mr(verbs->pd, addr, 2 * FILE_LEN, VERBS_ACCESS);
	if (!mr)
		t_bail("registering a range of two files");
	t_ok(region_leases(&first).held == 1 &&
		     region_leases(&second).held == 1 &&
		     guard_stats().leases == 2,
	     "one region over two files: two leases");
	status = verbs_write_once(verbs, "both", 4, addr + FILE_LEN - 2,
				  mr->rkey);
	t_ok(!status, "RDMA WRITE across the border: %s",
	     ibv_wc_status_str(status));
	t_ok(!memcmp(first.addr + FILE_LEN - 2, "bo", 2) &&
		     !memcmp(second.addr, "th", 2),
	     "each file has its part");

	truncate_by(child, truncated == &first ? "first file" : "second file");
	t_ok(region_wait_no_lease(&first, 5000) &&
		     region_wait_no_lease(&second, 5000),
	     "both leases are gone");
	status = verbs_write_once(verbs, "none", 4,
				  addr + (truncated == &first ? FILE_LEN : 0),
				  mr->rkey);
	t_ok(status > 0, "RDMA WRITE into the other file fails: %s",
	     ibv_wc_status_str(status));
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
	munmap(addr, 2 * FILE_LEN);
	if (ftruncate(truncated->fd, FILE_LEN))
		t_bail("extending a file");
}

static struct ibv_mr *register_page(struct verbs *verbs, void *addr)
{
	struct ibv_mr *mr = ibv_reg_mr(verbs->pd, addr, PAGE, VERBS_ACCESS);

	if (!mr)
		t_bail("registering a page");
	return mr;
}

static char *map_page(void *at, int flags, int fd)
{
	char *addr = mmap(at, PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (addr == MAP_FAILED)
		t_bail("mapping a page");
	return addr;
}

/* Where the file has a lease already, the kernel pins whatever is asked for. */
static void not_seen_before(struct verbs *verbs, struct t_child *child)
{
	char *addr = map_page(NULL, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	char *new = map_page(NULL, MAP_SHARED, first.fd);
	struct ibv_mr *mrs[2];
	size_t i;

	region_register(&first, verbs);
	for (i = 0; i < 2; i++)
		ibv_dereg_mr(register_page(verbs, addr));
	map_page(addr, MAP_SHARED | MAP_FIXED, first.fd);
	mrs[0] = register_page(verbs, addr);
	mrs[1] = register_page(verbs, new);
	truncate_by(child, "mapped where anonymous memory was, and elsewhere");
	for (i = 0; i < 2; i++) {
		t_ok(verbs_write_once(verbs, "none", 4, mrs[i]->addr,
				      mrs[i]->rkey) > 0,
		     "%s: revoked", i ? "elsewhere" : "there");
		t_zero(ibv_dereg_mr(mrs[i]), "ibv_dereg_mr");
	}
	region_deregister(&first);
	munmap(addr, PAGE);
	munmap(new, PAGE);
	if (ftruncate(first.fd, FILE_LEN))
		t_bail("extending a file");
}

static void two_processes(struct verbs *verbs, struct t_child *holder,
			  struct t_child *truncater)
{
	region_register(&shared, verbs);
	t_zero(t_child_run(holder, REGISTER, 20000).err,
	       "another process registers the file, too");
	t_ok(region_leases(&shared).held == 2, "two processes: two leases");
	region_check_alive(&shared, verbs, "this process");
	t_zero(t_child_run(holder, IS_ALIVE, 20000).err,
	       "the other process: RDMA WRITE succeeds");

	truncate_by(truncater, "two holders");
	t_ok(region_wait_no_lease(&shared, 5000), "both leases are gone");
	region_check_revoked(&shared, verbs, "this process");
	t_ok(t_child_run(holder, IS_ALIVE, 20000).err == EKEYREVOKED,
	     "the other process: RDMA WRITE fails");
	t_zero(t_child_run(holder, DEREGISTER, 20000).err,
	       "the other process: ibv_dereg_mr");
	region_deregister(&shared);
}

int main(int argc, char **argv)
{
	struct t_child holder, of_shared, of_first, of_second;
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	region_create(&shared, argv[1], "lease-shared", FILE_LEN);
	region_create(&first, argv[1], "lease-first", FILE_LEN);
	region_create(&second, argv[1], "lease-second", FILE_LEN);
	t_child_start(&holder, hold, NULL);
	t_child_start(&of_shared, region_truncate, shared.path);
	t_child_start(&of_first, region_truncate, first.path);
	t_child_start(&of_second, region_truncate, second.path);
	verbs_open(&verbs);

	two_regions(&verbs);
	two_files(&verbs, &first, &of_first);
	two_files(&verbs, &second, &of_second);
	not_seen_before(&verbs, &of_first);
	two_processes(&verbs, &holder, &of_shared);

	region_destroy(&shared);
	region_destroy(&first);
	region_destroy(&second);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&holder);
	t_child_stop(&of_shared);
	t_child_stop(&of_first);
	t_child_stop(&of_second);
	return t_done();
}
