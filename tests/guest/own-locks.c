// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The program's record locks on a file survive its registration, a refused
 * one, the deregistration, and the revoke.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define LOCKED 100

static struct region region;

/* Whose is the lock, seen from another process?  0, or ENOLCK */
static int look_for_lock(void *arg, long owner)
{
	struct flock lock = {.l_type = F_WRLCK,
			     .l_whence = SEEK_SET,
			     .l_start = 0,
			     .l_len = LOCKED};
	int fd = open(region.path, O_RDWR | O_CLOEXEC);

	if (fd < 0 || fcntl(fd, F_GETLK, &lock))
		return errno;
	close(fd);
	return lock.l_type == F_WRLCK && lock.l_pid == owner ? 0 : ENOLCK;
}

static void check_lock(struct t_child *looker, const char *when)
{
	t_zero(t_child_run(looker, getpid(), 10000).err, "%s: lock is there",
	       when);
}

/* Beyond the end, so that the library looks for the reason in the file */
static void refused(struct verbs *verbs, struct t_child *looker)
{
	char *addr = files_map(region.fd, 2 * FILE_LEN);
	struct ibv_mr *mr;

	mr = ibv_reg_mr(verbs->pd, addr, 2 * FILE_LEN, VERBS_ACCESS);
	t_ok(!mr, "a registration beyond the end is refused");
	check_lock(looker, "refused");
	munmap(addr, 2 * FILE_LEN);

	addr = mmap(NULL, FILE_LEN, PROT_READ, MAP_SHARED, region.fd, 0);
	mr = ibv_reg_mr(verbs->pd, addr, FILE_LEN, IBV_ACCESS_REMOTE_READ);
	t_zero(mr ? ibv_dereg_mr(mr) : errno, "a region for reading");
	check_lock(looker, "registered for reading");
	munmap(addr, FILE_LEN);
}

int main(int argc, char **argv)
{
	struct flock lock = {.l_type = F_WRLCK,
			     .l_whence = SEEK_SET,
			     .l_start = 0,
			     .l_len = LOCKED};
	struct t_child looker, truncater;
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	region_create(&region, argv[1], "own-locks", FILE_LEN);
	t_child_start(&looker, look_for_lock, NULL);
	t_child_start(&truncater, region_truncate, region.path);
	verbs_open(&verbs);
	if (fcntl(region.fd, F_SETLK, &lock))
		t_bail("F_SETLK");
	check_lock(&looker, "at first");

	region_register(&region, &verbs);
	check_lock(&looker, "registered");
	region_deregister(&region);
	check_lock(&looker, "deregistered");
	refused(&verbs, &looker);
	region_register(&region, &verbs);
	t_zero(t_child_run(&truncater, 0, guard_break_time_ms() / 2).err,
	       "truncate by another process");
	t_ok(guard_stats().revoked_mrs == 1, "the region is revoked");
	check_lock(&looker, "revoked");
	region_deregister(&region);
	check_lock(&looker, "deregistered again");

	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&looker);
	t_child_stop(&truncater);
	return t_done();
}
