// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Memory with a protection key (pkeys(7)) that is younger than the keeper, which has
 * no right to it, nor has the thread that calls fsync(2): what a device wrote is in
 * the file all the same, after a break as well.
 *
 * Rights to memory are of a thread, as descriptor tables and CPUs are.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "region.h"
#include "rerun.h"
#include "t.h"

#define LEN (64UL << 10)
#define AT 20480
#define STEP_MS 30000

static struct verbs verbs;
static struct region region;
static int key;

static int open_it(void *path, long unused)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static void *sync_without_rights(void *arg)
{
	if (pkey_set(key, PKEY_DISABLE_ACCESS))
		t_bail("pkey_set: %s", t_errname(errno));
	t_zero(fsync(region.fd) ? errno : 0, "fsync in another thread");
	return NULL;
}

static void sync_elsewhere(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sync_without_rights, NULL))
		t_bail("pthread_create");
	pthread_join(thread, NULL);
}

/* After it the page is clean, and the kernel does not see what the device does. */
static void write_value(uint64_t value)
{
	t_zero(fsync(region.fd) ? errno : 0, "fsync");
	t_ok(!region_write(&region, &verbs, AT, value), "a device writes");
}

/* As the file has it once its pages are gone */
static void check_file(uint64_t value, const char *when)
{
	uint64_t found = 0;

	t_zero(posix_fadvise(region.fd, 0, 0, POSIX_FADV_DONTNEED),
	       "dropping its pages");
	t_ok(pread(region.fd, &found, sizeof(found), AT) == sizeof(found) &&
		     found == value,
	     "%s: the file has it", when);
}

static void check_break(void)
{
	struct t_child other;
	struct t_child_result result;

	t_child_start(&other, open_it, region.path);
	write_value(2);
	result = t_child_run(&other, 0, STEP_MS);
	t_zero(result.err, "another process opens the file");
	region_check_revoked(&region, &verbs, "then");
	region_deregister(&region);
	munmap(region.addr, LEN);
	region.addr = NULL;
	check_file(2, "after a break");
	t_child_stop(&other);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		t_bail("usage: DIR");
	rerun_with_log(argv);
	region_create(&region, argv[1], "protection-key", LEN);
	verbs_open(&verbs);
	region_register(&region, &verbs);
	region_deregister(&region);
	key = pkey_alloc(0, 0);
	if (key < 0)
		t_skip("no protection keys: %s", t_errname(errno));
	if (pkey_mprotect(region.addr, LEN, PROT_READ | PROT_WRITE, key))
		t_bail("pkey_mprotect: %s", t_errname(errno));
	region_register(&region, &verbs);
	write_value(1);
	sync_elsewhere();
	t_ok(!rerun_log_count("may not get to the file"), "nothing is lost");
	check_break();
	t_ok(!rerun_log_count("may not get to the file"), "nothing is lost");
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
