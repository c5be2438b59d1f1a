// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A mapping whose descriptor is closed has an ordinary lease all the same, as
 * long as it lives; when it is gone pinsafe keeps nothing of the file, and more
 * mappings than it can watch harm nobody.
 *
 *   lease-watch DIR
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "leaks.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define PAGE 4096
#define STEP_MS 10000
#define MANY 1100
#define NOBODY 65534

static const char *directory;
static struct verbs verbs;
static char (*other_path)[FILES_PATH_MAX]; /* shared */

enum { LEASE, OPEN };

/* The other process: F_WRLCK is for the only one who has the file open */
static int use_file(void *arg, long request)
{
	int fd = open(*other_path, O_RDWR | O_CLOEXEC), err = 0;

	if (fd < 0)
		return errno;
	if (request == LEASE && fcntl(fd, F_SETLEASE, F_WRLCK))
		err = errno;
	close(fd);
	return err;
}

static int run_other(struct t_child *other, const char *path, long request)
{
	strcpy(*other_path, path);
	return t_child_run(other, request, STEP_MS).err;
}

static void create_closed(struct region *region, const char *name)
{
	region_create(region, directory, name, FILE_LEN);
	close(region->fd);
	region->fd = -1;
}

static void unmap(struct region *region)
{
	if (munmap(region->addr, region->len))
		t_bail("munmap");
	region->addr = NULL;
}

static int try(struct region *region)
{
	errno = 0;
	region->mr =
		ibv_reg_mr(verbs.pd, region->addr, region->len, VERBS_ACCESS);
	return region->mr ? 0 : errno;
}

static void check_break(struct region *region, struct t_child *other,
			const char *path, unsigned mrs, const char *what)
{
	struct pinsafe_stats before = guard_stats();

	t_zero(run_other(other, path, OPEN), "%s: opened by another", what);
	t_ok(guard_wait_revoked(before.revoked_mrs + mrs, STEP_MS) &&
		     guard_stats().breaks == before.breaks + 1,
	     "%s: one break, %u regions revoked", what, mrs);
	region_check_revoked(region, &verbs, what);
}

static void check_shared(struct t_child *other)
{
	const char *what = "two regions over a closed file";
	struct region region;
	struct ibv_mr *first;

	create_closed(&region, "shared");
	region_register(&region, &verbs);
	first = region.mr;
	region_register(&region, &verbs);
	t_ok(guard_stats().guarded_mrs == 2 && guard_stats().leases == 1 &&
		     region_leases(&region).ordinary == 1,
	     "%s: they share one lease", what);
	t_zero(ibv_dereg_mr(first), "ibv_dereg_mr of one");
	t_ok(region_leases(&region).ordinary == 1, "%s: the other has it",
	     what);
	first = region.mr;
	region_register(&region, &verbs);
	check_break(&region, other, region.path, 2, what);
	t_zero(ibv_dereg_mr(first), "ibv_dereg_mr");
	region_destroy(&region);
}

static void check_unlinked(struct t_child *other)
{
	const char *what = "closed and unlinked";
	char path[FILES_PATH_MAX];
	struct region region;

	create_closed(&region, "unlinked");
	unlink(region.path);
	t_zero(try(&region), "%s: registered", what);
	if (!region.mr)
		t_bail("%s", what);
	t_ok(guard_stats().leases == 1, "%s: guarded", what);
	snprintf(path, sizeof(path), "/proc/%d/map_files/%lx-%lx", getpid(),
		 (unsigned long)region.addr,
		 (unsigned long)region.addr + region.len);
	check_break(&region, other, path, 1, what);
	region_destroy(&region);
}

/*
 * Without privilege there is no way to the file that is mapped.  Who was
 * somebody else meanwhile can create no queue pairs any more, so this is last.
 */
static void check_unprivileged(void)
{
	struct region region;
	int err;

	create_closed(&region, "unprivileged");
	unlink(region.path);
	rerun_log_clear();
	if (seteuid(NOBODY))
		t_bail("seteuid");
	err = try(&region);
	if (seteuid(0))
		t_bail("seteuid");
	t_ok(err == EOPNOTSUPP &&
		     rerun_log_count("it is unlinked or out of reach") == 1,
	     "closed and unlinked, unprivileged: %s, and the log has the reason",
	     t_errname(err));
	region_destroy(&region);
}

static void check_registered(struct region *region, const char *what)
{
	static uint64_t value;

	t_zero(try(region), "%s: registered", what);
	if (!region->mr)
		t_bail("%s", what);
	t_ok(guard_stats().leases == 1, "%s: guarded", what);
	t_ok(region_write(region, &verbs, 8, ++value) == IBV_WC_SUCCESS &&
		     !memcmp(region->addr + 8, &value, sizeof(value)),
	     "%s: RDMA WRITE gets there", what);
	region_deregister(region);
}

static void remap(struct region *region, size_t len, int flags, char *addr)
{
	addr = mremap(region->addr, region->len, len, flags, addr);
	if (addr == MAP_FAILED)
		t_bail("mremap");
	region->addr = addr;
	region->len = len;
}

/* Half of it is not all of it; and then all of it, here and elsewhere */
static void check_remapped(struct t_child *other)
{
	struct region region;
	char *addr;

	create_closed(&region, "remapped");
	if (munmap(region.addr + FILE_LEN / 2, FILE_LEN / 2))
		t_bail("munmap");
	region.len = FILE_LEN / 2;
	check_registered(&region, "half of a mapping");
	remap(&region, FILE_LEN, MREMAP_MAYMOVE, NULL);
	check_registered(&region, "made larger by mremap(2)");
	addr = mmap(NULL, FILE_LEN, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (addr == MAP_FAILED)
		t_bail("mmap");
	remap(&region, FILE_LEN, MREMAP_MAYMOVE | MREMAP_FIXED, addr);
	check_registered(&region, "moved by mremap(2)");
	remap(&region, PAGE, 0, NULL);
	check_registered(&region, "made smaller by mremap(2)");
	unmap(&region);
	t_zero(run_other(other, region.path, LEASE),
	       "moved and unmapped: a lease of another");
	region_destroy(&region);
}

/* What comes to nothing leaves the mapping as it was. */
static void check_failed(void)
{
	struct region region;
	char *addr;

	create_closed(&region, "failed");
	addr = region.addr;
	t_ok(munmap(addr + 1, FILE_LEN) && errno == EINVAL, "munmap fails");
	t_ok(mmap(addr, FILE_LEN, PROT_READ, MAP_SHARED | MAP_FIXED, -1, 0) ==
				     MAP_FAILED &&
		     errno == EBADF,
	     "mmap with MAP_FIXED fails");
	t_ok(mremap(addr, FILE_LEN, FILE_LEN, MREMAP_FIXED, addr + FILE_LEN) ==
				     MAP_FAILED &&
		     errno == EINVAL,
	     "mremap fails");
	check_registered(&region, "after what failed");
	region_destroy(&region);
}

static void check_let_go(struct t_child *other, bool is_registered)
{
	const char *what = is_registered ? "registered once" : "mapped only";
	struct region region;
	int err;

	create_closed(&region, "let-go");
	if (is_registered) {
		region_register(&region, &verbs);
		region_deregister(&region);
	}
	err = run_other(other, region.path, LEASE);
	t_ok(err == EAGAIN, "%s: while it is mapped, a lease of another: %s",
	     what, t_errname(err));
	unmap(&region);
	t_zero(run_other(other, region.path, LEASE),
	       "%s: unmapped, a lease of another", what);
	region_destroy(&region);
}

static int execute(const char *path)
{
	char *argv[] = {(char *)(uintptr_t)path, NULL};
	int err, status;
	pid_t pid;

	err = posix_spawn(&pid, path, NULL, NULL, argv, environ);
	if (!err && (waitpid(pid, &status, 0) != pid || status))
		err = EIO;
	return err;
}

/* The kernel executes no file that somebody has open for writing. */
static void check_executed(void)
{
	char command[FILES_PATH_MAX + 40];
	struct region region;
	struct stat st;
	int fd, err;

	memset(&region, 0, sizeof(region));
	files_path(region.path, directory, "true");
	snprintf(command, sizeof(command), "LD_PRELOAD= cp -L /bin/true %s",
		 region.path);
	if (system(command))
		t_bail("%s", command);
	fd = open(region.path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		t_bail("opening %s", region.path);
	region.len = st.st_size;
	region.addr = files_map(fd, region.len);
	close(fd);
	region.fd = -1;
	err = execute(region.path);
	t_ok(err == ETXTBSY, "mapped for writing: execute: %s", t_errname(err));
	unmap(&region);
	t_zero(execute(region.path), "unmapped: execute");
	region_destroy(&region);
}

static void check_many(struct t_child *other)
{
	struct region early, crowd, late, closed;
	struct leaks leaks;
	char *addrs[MANY];
	int i, fd, err;

	create_closed(&early, "early");
	region_create(&crowd, directory, "crowd", FILE_LEN);
	leaks = leaks_count();
	for (i = 0; i < MANY; i++) {
		fd = open(crowd.path, O_RDWR | O_CLOEXEC);
		addrs[i] = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED,
				fd, 0);
		if (fd < 0 || addrs[i] == MAP_FAILED)
			t_bail("mapping %d", i);
		close(fd);
		addrs[i][i] = 'c';
	}
	leaks_check(&leaks, "many mappings");
	t_zero(try(&early), "many mappings: one from before is registered");
	t_ok(guard_stats().leases == 1, "guarded");
	region_deregister(&early);
	region_create(&late, directory, "late", FILE_LEN);
	t_zero(try(&late), "many mappings: an open file is registered");
	t_ok(guard_stats().leases == 1, "guarded");
	region_destroy(&late);
	create_closed(&closed, "closed");
	rerun_log_clear();
	err = try(&closed);
	t_ok(err == ENOENT &&
		     rerun_log_count("had none left to keep it with") == 1,
	     "many mappings: one too many and closed: %s, and the log has the "
	     "reason",
	     t_errname(err));
	region_destroy(&closed);

	for (i = 0; i < MANY; i++)
		munmap(addrs[i], PAGE);
	unmap(&crowd);
	close(crowd.fd);
	crowd.fd = -1;
	t_zero(run_other(other, crowd.path, LEASE),
	       "all unmapped: a lease of another");
	region_destroy(&crowd);
	region_destroy(&early);
	create_closed(&closed, "again");
	t_zero(try(&closed), "all unmapped: a closed file is registered");
	region_destroy(&closed);
}

int main(int argc, char **argv)
{
	struct t_child other;

	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	directory = argv[1];
	other_path = t_shared(sizeof(*other_path));
	t_child_start(&other, use_file, NULL);
	verbs_open(&verbs);

	check_shared(&other);
	check_unlinked(&other);
	check_remapped(&other);
	check_failed();
	check_let_go(&other, false);
	check_let_go(&other, true);
	check_executed();
	check_many(&other);
	check_unprivileged();
	t_zero(umount2(directory, 0) ? errno : 0,
	       "the file system can be unmounted");

	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&other);
	return t_done();
}
