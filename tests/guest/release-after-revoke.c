// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * However long the revocation of the last region takes, the lease is held and
 * the breaking operation waits: as long as a device can reach the blocks they
 * are the file's.
 *
 *   release-after-revoke DIR
 *
 * On the control kernel nothing but the order of revocation and release keeps
 * the operation from returning, so there the test stands for that order alone.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "fake-ioctl-gate.h"
#include "files.h"
#include "guard.h"
#include "t.h"
#include "verbs.h"

#define FILE_LEN (1UL << 20)
#define REGIONS 3
#define GATE_MS 10000
#define STILL_MS 1000

static char path[FILES_PATH_MAX];
static struct t_child child;
static struct verbs verbs;

static int shrink(void *arg, long param)
{
	return truncate(path, 0) ? errno : 0;
}

static bool has_returned(void *arg)
{
	return t_child_returned(arg);
}

/* How many of the keys still write to the file */
static int count_alive(int fd, char *addr, const uint32_t keys[REGIONS])
{
	char found;
	int i, alive = 0;

	for (i = 0; i < REGIONS; i++)
		if (!verbs_write_once(&verbs, &"0123456789"[i], 1, addr + i,
				      keys[i]) &&
		    pread(fd, &found, 1, i) == 1 && found == '0' + i)
			alive++;
	return alive;
}

/* The revocation stands still when this many regions are gone */
static void stop_revocation_after(unsigned gone)
{
	int fd = files_create(path, FILE_LEN, '.');
	char *addr = files_map(fd, FILE_LEN);
	struct ibv_mr *mrs[REGIONS];
	uint32_t keys[REGIONS];
	struct t_child_result res;
	int i, alive;

	for (i = 0; i < REGIONS; i++) {
		mrs[i] = ibv_reg_mr(verbs.pd, addr, FILE_LEN, VERBS_ACCESS);
		if (!mrs[i])
			t_bail("ibv_reg_mr");
		keys[i] = mrs[i]->rkey;
	}
	gate_close(GATE_DESTROY_MR, GATE_BEFORE, gone);
	t_child_go(&child, 0);
	if (!gate_wait_stopped(GATE_MS))
		t_bail("no revocation came to the gate");
	t_ok(!t_wait(has_returned, &child, STILL_MS),
	     "%u of %d regions are gone: the operation waits", gone, REGIONS);
	t_ok(guard_leases(fd).held == 1 && guard_leases(fd).breaking == 1,
	     "%u of %d regions are gone: the lease is held", gone, REGIONS);
	alive = count_alive(fd, addr, keys);
	t_ok(alive == REGIONS - (int)gone,
	     "%u of %d regions are gone: %d write to the file", gone, REGIONS,
	     alive);
	gate_open();

	if (!t_child_wait(&child, 60000, &res))
		t_bail("the operation has not returned");
	t_zero(res.err, "truncate");
	t_ok(res.end_ns - res.begin_ns < guard_break_time_ms() * 1000000ULL,
	     "it took %.1f ms", t_ms(res.end_ns - res.begin_ns));
	t_ok(!guard_leases(fd).held, "no lease is left");
	t_ok(!count_alive(fd, addr, keys), "no key works any more");
	for (i = 0; i < REGIONS; i++)
		t_zero(ibv_dereg_mr(mrs[i]), "ibv_dereg_mr");
	munmap(addr, FILE_LEN);
	close(fd);
	unlink(path);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		t_bail("usage: DIR");
	files_path(path, argv[1], "release");
	t_child_start(&child, shrink, NULL);
	verbs_open(&verbs);
	stop_revocation_after(0);
	stop_revocation_after(REGIONS - 1);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&child);
	return t_done();
}
