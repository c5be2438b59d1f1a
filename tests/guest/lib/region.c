// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "region.h"
#include "t.h"

#define FILL '.'
#define AT_ONCE_NS 2000000000ULL

void region_create(struct region *region, const char *dir, const char *name,
		   size_t len)
{
	memset(region, 0, sizeof(*region));
	files_path(region->path, dir, name);
	region->len = len;
	region->fd = files_create(region->path, len, FILL);
	region->addr = files_map(region->fd, len);
}

void region_register(struct region *region, struct verbs *verbs)
{
	region->mr = ibv_reg_mr(verbs->pd, region->addr, region->len,
				VERBS_ACCESS);
	if (!region->mr)
		t_bail("registering %s", region->path);
}

/* The MR's own address: the test may have unmapped the memory. */
int region_write(struct region *region, struct verbs *verbs, size_t offset,
		 uint64_t value)
{
	return verbs_write_once(verbs, &value, sizeof(value),
				(char *)region->mr->addr + offset,
				region->mr->rkey);
}

static uint64_t read_file(const char *path, size_t offset)
{
	uint64_t value = 0;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, &value, sizeof(value), offset) < 0)
		t_bail("reading %s", path);
	close(fd);
	return value;
}

void region_check_alive(struct region *region, struct verbs *verbs,
			const char *what)
{
	static uint64_t value = 0x616c697665000000;
	size_t offset = region->len / 2;
	int status;

	status = region_write(region, verbs, offset, ++value);
	t_ok(status == IBV_WC_SUCCESS, "%s: RDMA WRITE: %s", what,
	     ibv_wc_status_str(status));
	t_ok(read_file(region->path, offset) == value,
	     "%s: the file has the data", what);
}

void region_check_arrives(struct region *region, struct verbs *verbs,
			  const char *what)
{
	static uint64_t value = 0x6172726976650000;
	size_t offset = region->len / 2;
	uint64_t found = 0;
	int status;

	status = region_write(region, verbs, offset, ++value);
	t_ok(status == IBV_WC_SUCCESS, "%s: RDMA WRITE: %s", what,
	     ibv_wc_status_str(status));
	t_ok(pread(region->fd, &found, sizeof(found), offset) ==
			     sizeof(found) &&
		     found == value,
	     "%s: the file has the data", what);
}

void region_check_revoked(struct region *region, struct verbs *verbs,
			  const char *what)
{
	int status = region_write(region, verbs, 0, 1);

	t_ok(status > IBV_WC_SUCCESS, "%s: RDMA WRITE fails: %s", what,
	     ibv_wc_status_str(status));
}

struct guard_leases region_leases(const struct region *region)
{
	/* O_PATH: closing it drops no record locks. */
	int fd = open(region->path, O_PATH | O_CLOEXEC);
	struct guard_leases leases;

	if (fd < 0)
		t_bail("looking at %s", region->path);
	leases = guard_leases(fd);
	close(fd);
	return leases;
}

bool region_wait_no_lease(const struct region *region, int ms)
{
	int fd = open(region->path, O_PATH | O_CLOEXEC);
	bool gone;

	if (fd < 0)
		t_bail("looking at %s", region->path);
	gone = guard_wait_no_lease(fd, ms);
	close(fd);
	return gone;
}

void region_check_truncate(struct region *region, const char *what)
{
	uint64_t ns = t_now_ns();
	int err = truncate(region->path, 0) ? errno : 0;

	ns = t_now_ns() - ns;
	t_zero(err, "%s: truncate", what);
	t_ok(ns < AT_ONCE_NS, "%s: it returns in %.0f ms", what, t_ms(ns));
	if (ftruncate(region->fd, region->len))
		t_bail("extending the file");
}

void region_deregister(struct region *region)
{
	if (region->mr)
		t_zero(ibv_dereg_mr(region->mr), "ibv_dereg_mr");
	region->mr = NULL;
}

void region_destroy(struct region *region)
{
	region_deregister(region);
	if (region->addr)
		munmap(region->addr, region->len);
	region->addr = NULL;
	if (region->fd >= 0)
		close(region->fd);
	region->fd = -1;
	unlink(region->path);
}

int region_truncate(void *path, long size)
{
	return truncate(path, size) ? errno : 0;
}
