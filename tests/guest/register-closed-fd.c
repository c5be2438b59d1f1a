// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A plain program that maps a file, closes its descriptor and registers the
 * mapping gets a region whose writes land in the file; or, where nothing can
 * guard it, the error that the kernel has for it.
 *
 *   register-closed-fd DIR [--expect ERRNO]
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "files.h"
#include "guard.h"
#include "t.h"
#include "verbs.h"

#define FILE_LEN (1UL << 20)
#define AT 12345 /* not aligned to anything */

static const char message[] = "written by a peer, read by somebody else";
static char path[FILES_PATH_MAX];

static int read_back(void *arg, long param)
{
	char buf[sizeof(message)];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = pread(fd, buf, sizeof(buf), AT);

	close(fd);
	return n == sizeof(buf) && !memcmp(buf, message, n) ? 0 : ENODATA;
}

static void *map_and_close(void)
{
	int fd = files_create(path, FILE_LEN, '.');
	void *addr = files_map(fd, FILE_LEN);

	close(fd);
	return addr;
}

static void check_region(struct verbs *verbs, struct t_child *child,
			 struct ibv_mr *mr, char *addr, int look)
{
	int status;

	if (guard_loaded())
		t_ok(guard_leases(look).held == 1, "one lease");
	status = verbs_write_once(verbs, message, sizeof(message), addr + AT,
				  mr->rkey);
	t_ok(!status, "RDMA WRITE: %s", ibv_wc_status_str(status));
	t_zero(t_child_run(child, 0, 10000).err,
	       "another process reads the data from the file");
	t_ok(!files_count_other(look, 0, AT, '.'), "the bytes before are old");
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
	t_ok(!guard_leases(look).held, "no lease is left");
}

int main(int argc, char **argv)
{
	struct t_child child;
	struct verbs verbs;
	struct ibv_mr *mr;
	int expected = 0, err, look;
	char *addr;

	if (argc == 4 && !strcmp(argv[2], "--expect"))
		expected = t_errvalue(argv[3]);
	else if (argc != 2)
		t_bail("usage: DIR [--expect ERRNO]");
	files_path(path, argv[1], "closed-fd");
	t_child_start(&child, read_back, NULL);
	/* way out: open the device first */
	verbs_open(&verbs);
	addr = map_and_close();

	mr = ibv_reg_mr(verbs.pd, addr, FILE_LEN, VERBS_ACCESS);
	err = mr ? 0 : errno;
	t_ok(err == expected, "ibv_reg_mr: %s, expected %s", t_errname(err),
	     t_errname(expected));
	/* Opened only now: the program above has no descriptor of the file */
	look = open(path, O_RDONLY | O_CLOEXEC);
	if (look < 0)
		t_bail("opening %s", path);
	if (mr)
		check_region(&verbs, &child, mr, addr, look);
	else
		t_ok(!guard_leases(look).held, "no lease is left");
	close(look);
	munmap(addr, FILE_LEN);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&child);
	unlink(path);
	return t_done();
}
