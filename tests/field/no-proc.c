// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * In a chroot without /proc private memory is nobody's business but the
 * program's: it registers as without pinsafe.  A file is refused with a
 * sentence; with /proc and /sys it registers, and needs nothing else there,
 * such as /dev/null.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "region.h"
#include "t.h"

#define LEN (1UL << 20)
#define RW (PROT_READ | PROT_WRITE)

static struct verbs verbs;

static int try(void *addr)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(verbs.pd, addr, LEN, VERBS_ACCESS);
	return mr ? ibv_dereg_mr(mr) : errno;
}

static void mount_at(const char *fs, const char *path)
{
	mkdir(path, 0755);
	if (mount(fs, path, fs, 0, NULL))
		t_bail("mount %s: %s", path, t_errname(errno));
}

int main(int argc, char **argv)
{
	char *anonymous, *private, root[] = "/tmp/no-proc-XXXXXX";
	struct region region;
	int err;

	if (argc != 2)
		t_bail("usage: DIR");
	region_create(&region, argv[1], "chroot", LEN);
	anonymous = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	private = mmap(NULL, LEN, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	verbs_open(&verbs);
	if (!mkdtemp(root) || chroot(root) || chdir("/"))
		t_bail("chroot: %s", t_errname(errno));
	t_zero(try(anonymous), "anonymous memory");
	mprotect(private, LEN / 2, PROT_READ);
	mprotect(private, LEN / 2, RW);
	t_zero(try(private), "more of it");
	err = try(region.addr);
	t_ok(err == ENOENT, "a file: %s", t_errname(err));
	mount_at("proc", "/proc");
	/* What a disk needs */
	mount_at("sysfs", "/sys");
	t_zero(try(region.addr), "a file, with /proc and /sys");
	t_zero(try(anonymous), "anonymous memory, too");
	umount2("/sys", MNT_DETACH);
	umount2("/proc", MNT_DETACH);
	rmdir("/sys");
	rmdir("/proc");
	return t_done();
}
