// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sys.h"
#include "sigio.h"
#include "stopped.h"

#define START_NS (1000 * NSEC_PER_SEC)

struct file stopped_file, stopped_log;
static struct ibv_context context;
struct ibv_mr stopped_mr = { .context = &context, .lkey = 1 };
struct cause stopped_cause;

static int take_blind(struct lease *lease, const struct backing *backing,
		      struct cause *ret_cause)
{
	int fd = dup(stopped_file.fd);

	assert_int_equal(sigio_arm(fd, NULL), 0);
	assert_int_equal(sys_fcntl(fd, F_SETLEASE, F_WRLCK), 0);
	lease->type = F_WRLCK;
	keeper_own(&lease->fd, fd);
	return 0;
}

const struct lease_backend stopped_blind = {
	.name = "blind",
	.break_means = "of the test",
	.is_blind = true,
	.take = take_blind,
};

void stopped_reset(const char *lease_break_time)
{
	memset(&stats, 0, sizeof(stats));
	memset(&fake_config, 0, sizeof(fake_config));
	memset(&fake_keeper, 0, sizeof(fake_keeper));
	memset(&fake_fcntl, 0, sizeof(fake_fcntl));
	fake_destroy = NEVER;
	fake_open_reset();
	fake_open_file("/proc/sys/fs/lease-break-time", lease_break_time);
}

int stopped_setup(void **state)
{
	stopped_reset("45\n");
	fake_fcntl.loses_signals = true; /* nobody waits for them */
	fake_clock_ns = START_NS;
	file_make(&stopped_file, DISK, 1);
	fake_fcntl_files(&stopped_file, 1);
	assert_int_equal(sigio_start(NULL), 0);
	file_make(&stopped_log, DISK, 0);
	log_setup(LOG_LEVEL_INFO, stopped_log.path);
	return 0;
}

void stopped_forget(struct ibv_context *closed)
{
	struct guarded_mr *left = track_detach_context(closed);

	if (left)
		track_free(left);
}

int stopped_teardown(void **state)
{
	fake_destroy = NEVER;
	revoke_all();
	assert_int_equal(stats.leases, 0);
	assert_false(fake_lease_exists(&stopped_file));
	stopped_forget(&context);
	file_put(&stopped_file);
	file_put(&stopped_log);
	return 0;
}

struct backing stopped_backing(const struct file *file)
{
	return (struct backing){
		.dev = file->dev,
		.ino = file->ino,
		.tid = getpid(),
		.path = file->path,
	};
}

struct guarded_mr *stopped_region(const struct lease_backend *backend,
				  const struct file *file, struct ibv_mr *mr)
{
	struct backing backing = stopped_backing(file);
	struct guarded_mr *gmr = track_alloc(1);

	assert_int_equal(lease_take(backend, &backing, &stopped_cause,
				    &gmr->leases[0]), 0);
	gmr->mr = mr;
	gmr->context = mr->context;
	gmr->n_leases = 1;
	gmr->n_ranges = 1;
	return gmr;
}

struct lease *stopped_hold(const struct lease_backend *backend)
{
	struct guarded_mr *gmr;

	gmr = stopped_region(backend, &stopped_file, &stopped_mr);
	gmr->grace_ms = fake_config.policy.grace_ms;
	assert_int_equal(track_add(gmr), 0);
	record_clear();
	return gmr->leases[0];
}

uint64_t stopped_run_at(unsigned int ms)
{
	fake_clock_ns = START_NS + ms * NSEC_PER_MSEC;
	lease_scan();
	return revoke_broken();
}
