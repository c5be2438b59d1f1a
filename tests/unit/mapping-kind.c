// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Which memory belongs to a file that may take its blocks back */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "fakes/fake_statx.h"
#include "lib/files.h"
#include "lib/test.h"
#include "memory/mapping.h"

#define RW (PROT_READ | PROT_WRITE)

static int setup(void **state)
{
	fake_statx_is_dax = false;
	fake_statx_errno = 0;
	return 0;
}

#define KIND_CASE(fn) CASE_WITH(fn, setup, NULL)

static void classify(const void *addr, struct mapping *ret_mapping)
{
	assert_int_equal(mapping_classify((uintptr_t)addr, page_size(),
					  gettid(), ret_mapping),
			 0);
}

/* Memory that needs no guard; unmaps it. */
static void unguarded(void *addr)
{
	struct mapping mapping;

	assert_ptr_not_equal(addr, MAP_FAILED);
	classify(addr, &mapping);
	assert_int_equal(mapping.n_parts, 0);
	mapping_put(&mapping);
	munmap(addr, page_size());
}

KIND_CASE(anonymous__none)
{
	unguarded(mmap(NULL, page_size(), RW, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		       0));
}

KIND_CASE(anonymous_shared__none)
{
	unguarded(
		mmap(NULL, page_size(), RW, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

KIND_CASE(dev_zero_shared__none)
{
	int fd = open("/dev/zero", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	unguarded(mmap(NULL, page_size(), RW, MAP_SHARED, fd, 0));
	close(fd);
}

KIND_CASE(memfd__none)
{
	int fd = memfd_create("data", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(ftruncate(fd, page_size()), 0);
	unguarded(mmap(NULL, page_size(), RW, MAP_SHARED, fd, 0));
	close(fd);
}

KIND_CASE(memfd_closed__none)
{
	int fd = memfd_create("data", MFD_CLOEXEC);
	void *addr;

	assert_int_equal(ftruncate(fd, page_size()), 0);
	addr = mmap(NULL, page_size(), RW, MAP_SHARED, fd, 0);
	close(fd);
	privileges_drop();
	unguarded(addr);
	privileges_regain();
}

KIND_CASE(sysv__none)
{
	int id = shmget(IPC_PRIVATE, page_size(), IPC_CREAT | 0600);
	struct mapping mapping;
	void *addr;

	if (id < 0)
		SKIP_CASE("no System V shared memory: %s", strerror(errno));
	addr = shmat(id, NULL, 0);
	shmctl(id, IPC_RMID, NULL);
	assert_ptr_not_equal(addr, (void *)-1);
	classify(addr, &mapping);
	assert_int_equal(mapping.n_parts, 0);
	privileges_drop();
	classify(addr, &mapping);
	privileges_regain();
	assert_int_equal(mapping.n_parts, 0);
	shmdt(addr);
}

KIND_CASE(tmpfs__none)
{
	struct statfs sfs;
	struct file file;

	if (statfs(SHM, &sfs) || sfs.f_type != TMPFS_MAGIC)
		SKIP_CASE("%s is not a tmpfs", SHM);
	file_make(&file, SHM, 1);
	unguarded(file_map(&file, 0, 1, RW, NULL));
	file_put(&file);
}

KIND_CASE(tmpfs_unlinked__none)
{
	struct statfs sfs;
	struct file file;
	void *addr;

	if (statfs(SHM, &sfs) || sfs.f_type != TMPFS_MAGIC)
		SKIP_CASE("%s is not a tmpfs", SHM);
	file_make(&file, SHM, 1);
	addr = file_map(&file, 0, 1, RW, NULL);
	file_put(&file);
	privileges_drop();
	unguarded(addr);
	privileges_regain();
}

KIND_CASE(private_mapping_of_a_file__none)
{
	struct file file;

	file_make(&file, DISK, 1);
	unguarded(mmap(NULL, page_size(), RW, MAP_PRIVATE, file.fd, 0));
	file_put(&file);
}

KIND_CASE(private_mapping_of_a_file_with_dax__told)
{
	struct cause cause = { 0 };
	struct file file;
	char *addr;

	file_make(&file, DISK, 1);
	addr = mmap(NULL, page_size(), RW, MAP_PRIVATE, file.fd, 0);
	assert_false(mapping_has_private_dax((uintptr_t)addr, page_size(),
					     gettid(), &cause));
	fake_statx_is_dax = true;
	assert_true(mapping_has_private_dax((uintptr_t)addr, page_size(),
					    gettid(), &cause));
	assert_int_equal(cause.kind, CAUSE_PRIVATE_DAX);
	assert_int_equal(cause.start, (uintptr_t)addr);
	assert_string_equal(cause.detail, file.path);
	munmap(addr, page_size());
	addr = file_map(&file, 0, 1, RW, NULL);
	assert_false(mapping_has_private_dax((uintptr_t)addr, page_size(),
					     gettid(), &cause));
	munmap(addr, page_size());
	file_put(&file);
}

static void disk_file(enum mapping_kind kind)
{
	struct mapping mapping;
	struct file file;
	char *addr;

	file_make(&file, DISK, 1);
	addr = file_map(&file, 0, 1, RW, NULL);
	classify(addr, &mapping);
	assert_int_equal(mapping.n_parts, 1);
	assert_int_equal(mapping.parts[0].kind, kind);
	assert_int_equal(mapping.parts[0].file.dev, file.dev);
	assert_int_equal(mapping.parts[0].file.ino, file.ino);
	assert_int_equal(mapping.parts[0].file.tid, gettid());
	assert_int_equal(mapping.parts[0].file.start, (uintptr_t)addr);
	assert_int_equal(mapping.parts[0].file.end,
			 (uintptr_t)addr + page_size());
	assert_string_equal(mapping.parts[0].file.path, file.path);
	assert_int_equal(mapping.parts[0].error, 0);
	mapping_put(&mapping);
	munmap(addr, page_size());
	file_put(&file);
}

KIND_CASE(file_on_disk__page_cache)
{
	disk_file(MAPPING_PAGE_CACHE);
}

KIND_CASE(file_on_persistent_memory__fsdax)
{
	fake_statx_is_dax = true;
	disk_file(MAPPING_FSDAX);
}

KIND_CASE(file_that_cannot_be_looked_at__unknown)
{
	struct mapping mapping;
	struct file file;
	char *addr;

	file_make(&file, DISK, 1);
	addr = file_map(&file, 0, 1, RW, NULL);
	fake_statx_errno = EIO;
	classify(addr, &mapping);
	assert_int_equal(mapping.n_parts, 1);
	assert_int_equal(mapping.parts[0].kind, MAPPING_UNKNOWN);
	assert_int_equal(mapping.parts[0].error, EIO);
	mapping_put(&mapping);
	munmap(addr, page_size());
	file_put(&file);
}

KIND_CASE(file_system__is_named)
{
	struct mapping mapping;
	struct statfs sfs;
	struct file file;
	char *addr;

	assert_int_equal(statfs(DISK, &sfs), 0);
	if (sfs.f_type != EXT4_SUPER_MAGIC)
		SKIP_CASE("%s is not an ext4", DISK);
	file_make(&file, DISK, 1);
	addr = file_map(&file, 0, 1, RW, NULL);
	classify(addr, &mapping);
	assert_string_equal(mapping.parts[0].fs_name, "ext4");
	mapping_put(&mapping);
	munmap(addr, page_size());
	file_put(&file);
}

KIND_CASE(protection__is_noted)
{
	static const int prots[] = { PROT_READ, PROT_WRITE, RW, PROT_NONE };
	struct mapping mapping;
	struct file file;
	char *addr;
	size_t i;

	file_make(&file, DISK, 1);
	for (i = 0; i < N_OF(prots); i++) {
		addr = file_map(&file, 0, 1, prots[i], NULL);
		classify(addr, &mapping);
		assert_int_equal(mapping.n_parts, 1);
		assert_int_equal(mapping.parts[0].readable,
				 !!(prots[i] & PROT_READ));
		assert_int_equal(mapping.parts[0].writable,
				 !!(prots[i] & PROT_WRITE));
		mapping_put(&mapping);
		munmap(addr, page_size());
	}
	file_put(&file);
}

KIND_CASE(kinds__have_names)
{
	assert_string_equal(mapping_kind_name(MAPPING_FSDAX), "FS-DAX");
	assert_string_equal(mapping_kind_name(MAPPING_PAGE_CACHE),
			    "page-cache");
	assert_string_equal(mapping_kind_name(MAPPING_UNKNOWN), "unknown");
}
