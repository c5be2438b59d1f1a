// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * On a kernel without layout leases the registration of a file that can lose
 * its blocks is refused, with one sentence that names the file, the kernel and
 * the way out; memory that can not is registered as ever.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>

#include "leaks.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (1UL << 20)

static int try(struct verbs *verbs, void *addr, int access)
{
	struct ibv_mr *mr;

	errno = 0;
	mr = ibv_reg_mr(verbs->pd, addr, FILE_LEN, access);
	if (!mr)
		return errno ?: -1;
	return ibv_dereg_mr(mr);
}

/* One line, and all of these in it */
static void check_log(const char *what, const char *const *texts)
{
	t_ok(rerun_log_count("") == 1, "%s: the log has one line", what);
	for (; *texts; texts++)
		t_ok(rerun_log_count(*texts) == 1, "%s: it says \"%s\"", what,
		     *texts);
	rerun_log_clear();
}

static void dax(struct verbs *verbs, const char *dir)
{
	struct utsname uts;
	struct region file;
	const char *const texts[] = {
		file.path,
		files_fs_name(dir),
		uts.release,
		"EOPNOTSUPP",
		"no layout leases",
		"the module layout_lease is not loaded",
		"modprobe layout_lease",
		NULL,
	};
	struct leaks leaks;
	int err;

	uname(&uts);
	region_create(&file, dir, "stock", FILE_LEN);
	if (!files_is_dax(file.fd))
		t_bail("%s is not DAX", dir);
	leaks = leaks_count();
	err = try(verbs, file.addr, VERBS_ACCESS);
	t_ok(err == EOPNOTSUPP, "DAX: %s", t_errname(err));
	check_log("DAX", texts);
	err = try(verbs, file.addr, IBV_ACCESS_REMOTE_READ);
	t_ok(err == EOPNOTSUPP, "DAX, for reading: %s", t_errname(err));
	check_log("DAX, for reading", texts);
	leaks_check(&leaks, "DAX");
	region_destroy(&file);
}

/* For writing: before 6.5 the kernel pins such pages, and a lease guards them
 */
static void page_cache(struct verbs *verbs)
{
	struct region file;
	const char *const texts[] = {
		file.path, "page-cache mapping",
		"EFAULT",  "since 6.5 Linux pins no pages",
		"-o dax",  NULL,
	};
	int err;

	region_create(&file, getenv("PINSAFE_TEST_PAGECACHE"), "stock",
		      FILE_LEN);
	err = try(verbs, file.addr, VERBS_ACCESS);
	if (err) {
		t_ok(err == EFAULT, "page cache: %s", t_errname(err));
		check_log("page cache", texts);
	} else {
		t_ok(!rerun_log_count(""), "page cache: registered");
	}
	region_destroy(&file);
}

static void memory(struct verbs *verbs)
{
	char *anonymous = malloc(FILE_LEN);
	struct region file;

	t_zero(try(verbs, anonymous, VERBS_ACCESS), "anonymous memory");
	region_create(&file, getenv("PINSAFE_TEST_TMPFS"), "stock", FILE_LEN);
	t_zero(try(verbs, file.addr, VERBS_ACCESS), "tmpfs");
	t_ok(!rerun_log_count(""), "nothing in the log");
	region_destroy(&file);
	free(anonymous);
}

int main(int argc, char **argv)
{
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	if (!getenv("PINSAFE_TEST_PAGECACHE") || !getenv("PINSAFE_TEST_TMPFS"))
		t_bail("PINSAFE_TEST_PAGECACHE and PINSAFE_TEST_TMPFS not set");
	/* What a user sees who has set nothing */
	setenv("PINSAFE_LOG", "warn", 1);
	rerun_with_log(argv);
	verbs_open(&verbs);
	dax(&verbs, argv[1]);
	memory(&verbs);
	t_ok(!guard_stats().registrations && !guard_stats().leases,
	     "the library counts no registration and no lease");
	page_cache(&verbs);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
