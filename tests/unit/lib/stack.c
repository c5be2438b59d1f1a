// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <infiniband/pinsafe.h>

#include "base/fork.h"
#include "base/log.h"
#include "stack.h"
#include "verbs_wrap.h"

struct file stack_files[STACK_FILES];
char *stack_addr;
struct device stack_device;

static struct file log_file;
static struct pinsafe_stats base;

#if UNDER_TSAN
const char *__tsan_default_suppressions(void)
	__attribute__((visibility("default")));

/*
 * It takes descriptors with one number for one object, but the keeper has a
 * table of its own.  These functions of the C library touch nothing else.
 */
const char *__tsan_default_suppressions(void)
{
	return "race:__interceptor_close$\n"
	       "race:__interceptor_dup3$\n"
	       "race:__interceptor_fstat$\n"
	       "race:__interceptor_open$\n";
}
#endif

int group_setup(void **state)
{
	file_make(&log_file, DISK, 0);
	file_close(&log_file);
	setenv("PINSAFE_LOG_FILE", log_file.path, 1);
	/* Long, unless the test has set it */
	setenv("PINSAFE_RETAKE_MS", "60000", 0);
	assert_int_equal(fork_setup(), 0);
	return 0;
}

int group_teardown(void **state)
{
	file_put(&log_file);
	return 0;
}

static struct pinsafe_stats stats_now(void)
{
	struct pinsafe_stats now;

	assert_int_equal(pinsafe_get_stats(&now, sizeof(now)), 0);
	return now;
}

int stack_setup(void **state)
{
	size_t size = STACK_PAGES * page_size(), i;

	memset(&fake_fcntl, 0, sizeof(fake_fcntl));
	memset(&fake_provider, 0, sizeof(fake_provider));
	fake_provider.cmd_reg_mr = fake_cmd_reg_mr;
	fake_provider.cmd_dereg_mr = verbs_wrap_cmd_dereg_mr;
	fake_kernel_mr_reset();
	fake_statx_is_dax = true;
	fake_fstatfs_magic = 0;
	fake_open_reset();

	stack_addr = addresses(STACK_FILES * STACK_PAGES);
	for (i = 0; i < STACK_FILES; i++) {
		file_make(&stack_files[i], DISK, STACK_PAGES);
		file_map(&stack_files[i], 0, STACK_PAGES,
			 PROT_READ | PROT_WRITE, stack_addr + i * size);
	}
	fake_fcntl_files(stack_files, STACK_FILES);
	stack_open(&stack_device, -1);
	assert_int_equal(truncate(log_file.path, 0), 0);
	base = stats_now();
	record_clear();
	return 0;
}

int stack_teardown(void **state)
{
	struct pinsafe_stats now;
	size_t i;

	if (stack_device.context.cmd_fd >= 0)
		stack_close(&stack_device);
	now = stats_now();
	assert_int_equal(now.leases, 0);
	assert_int_equal(now.guarded_mrs, 0);
	assert_int_equal(now.zombie_mrs, 0);
	assert_int_equal(fake_kernel_mr_count(), 0);
	assert_int_equal(fake_kernel_mr.n_strangers, 0);
	assert_int_equal(fake_kernel_mr.n_without_device, 0);
	assert_int_equal(fake_fcntl.n_unarmed, 0);
	for (i = 0; i < STACK_FILES; i++) {
		assert_false(fake_lease_exists(&stack_files[i]));
		file_put(&stack_files[i]);
	}
	munmap(stack_addr, STACK_FILES * STACK_PAGES * page_size());
	return 0;
}

void stack_open(struct device *device, int fd)
{
	struct stat st;
	int memfd = memfd_create("uverbs", MFD_CLOEXEC);

	assert_true(memfd >= 0);
	assert_int_equal(fstat(memfd, &st), 0);
	if (fd >= 0 && fd != memfd) {
		assert_int_equal(dup3(memfd, fd, O_CLOEXEC), fd);
		close(memfd);
		memfd = fd;
	}
	memset(device, 0, sizeof(*device));
	strcpy(device->device.name, "fake0");
	device->ino = st.st_ino;
	device->context.device = &device->device;
	device->context.cmd_fd = memfd;
	device->pd.context = &device->context;
	assert_int_equal(real_verbs_set(&device->context, &fake_provider_ops),
			 0);
}

/* As libibverbs does: the provider first, then the descriptor */
void stack_close(struct device *device)
{
	verbs_wrap_ops.free_context(&device->context);
	close(device->context.cmd_fd);
	device->context.cmd_fd = -1;
}

bool stack_is_device(const struct ibv_context *context, const struct stat *st)
{
	const struct device *device =
		(const void *)((const char *)context -
			       offsetof(struct device, context));

	return st->st_ino == device->ino;
}

struct ibv_mr *stack_reg(struct device *device, size_t first, size_t pages)
{
	char *addr = stack_addr + first * page_size();

	return verbs_wrap_ops.reg_mr(&device->pd, addr, pages * page_size(),
				     (uintptr_t)addr, IBV_ACCESS_LOCAL_WRITE);
}

int stack_dereg(struct ibv_mr *mr)
{
	return verbs_wrap_ops.dereg_mr(mr);
}

struct ibv_mr *stack_reg_file(const struct file *file)
{
	struct ibv_mr *mr;

	mr = stack_reg(&stack_device, (file - stack_files) * STACK_PAGES,
		       STACK_PAGES);
	assert_non_null(mr);
	return mr;
}

void stack_reg_fails(int error)
{
	errno = 0;
	assert_null(stack_reg(&stack_device, 0, STACK_PAGES));
	assert_int_equal(errno, error);
}

void stack_dereg_ok(struct ibv_mr *mr)
{
	assert_int_equal(stack_dereg(mr), 0);
}

struct ibv_mr *stack_first;

int stack_setup_leased(void **state)
{
	stack_setup(state);
	stack_first = stack_reg_file(STACK_A);
	record_clear();
	return 0;
}

void stack_end_first(void)
{
	stack_dereg_ok(stack_first);
	stack_first = NULL;
}

int stack_teardown_leased(void **state)
{
	if (stack_first)
		stack_end_first();
	return stack_teardown(state);
}

void stack_break(const struct file *file)
{
	fake_break_begin(file);
	assert_true(fake_break_wait(file));
	fake_break_end(file);
}

struct pinsafe_stats stack_stats(void)
{
	struct pinsafe_stats since = stats_now();
	size_t i;

	since.registrations -= base.registrations;
	since.registered_layout -= base.registered_layout;
	since.registered_lease -= base.registered_lease;
	since.registered_odp -= base.registered_odp;
	since.unprotected -= base.unprotected;
	since.refusals -= base.refusals;
	since.refused_space -= base.refused_space;
	since.refused_permission -= base.refused_permission;
	since.refused_busy -= base.refused_busy;
	since.refused_unsupported -= base.refused_unsupported;
	since.refused_other -= base.refused_other;
	since.breaks -= base.breaks;
	since.lost_leases -= base.lost_leases;
	since.revoked_mrs -= base.revoked_mrs;
	since.revoke_failures -= base.revoke_failures;
	since.retakes -= base.retakes;
	for (i = 0; i < N_OF(since.revoke_histogram); i++)
		since.revoke_histogram[i] -= base.revoke_histogram[i];
	return since;
}

static bool has_breaks(void *arg)
{
	return stats_now().breaks - base.breaks >= *(uint64_t *)arg;
}

void stack_wait_for_breaks(uint64_t n)
{
	assert_true(wait_until(has_breaks, &n));
}

const char *stack_log(void)
{
	/* The keeper's lines are written by others, who may be late. */
	log_queue_drain();
	return file_text(log_file.path);
}

int stack_keeper_tid(void)
{
	char path[300], name[32];
	struct dirent *entry;
	FILE *comm;
	DIR *dir;
	int tid = 0;

	dir = opendir("/proc/self/task");
	while (!tid && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/self/task/%s/comm",
			 entry->d_name);
		comm = fopen(path, "re");
		if (!comm)
			continue;
		if (fgets(name, sizeof(name), comm) &&
		    !strcmp(name, "pinsafe-keeper\n"))
			tid = atoi(entry->d_name);
		fclose(comm);
	}
	closedir(dir);
	return tid;
}
