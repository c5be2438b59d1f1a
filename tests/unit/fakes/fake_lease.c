// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The stage lease: one for each inode below FAKE_LEASES, not shared */
#include <errno.h>
#include <fcntl.h>

#include "../lib/record.h"
#include "fake_lease.h"
#include "lease_barrier.h"
#include "machine/lease_why.h"

void __wrap_lease_provider_find(struct lease_provider *ret_provider);

struct fake_lease fake_lease;

static int open_null(const struct lease *lease, const struct backing *file,
		     int flags, int *ret_fd)
{
	int fd = open("/dev/null", flags | O_CLOEXEC);

	if (fd < 0)
		return errno;
	*ret_fd = fd;
	return 0;
}

const struct lease_backend lease_layout = { .name = "fake layout",
					    .open = open_null };
const struct lease_backend lease_ordinary = { .name = "fake ordinary",
					      .is_blind = true,
					      .open = open_null };

static int ino_of(const struct lease *lease)
{
	return lease - fake_lease.leases;
}

int lease_take(const struct lease_backend *backend, const struct backing *file,
	       struct cause *cause, struct lease **ret_lease)
{
	int r = fault_now(&fake_lease.take);
	struct lease *lease;

	record("take%s %d", backend == &lease_ordinary ? " ordinary" : "",
	       (int)file->ino);
	if (r && fake_lease.cause.kind)
		*cause = fake_lease.cause;
	if (r)
		return r;
	fake_lease.holders[file->ino]++;
	lease = &fake_lease.leases[file->ino];
	lease->ino = file->ino;
	lease->backend = fake_lease.is_other ?: backend;
	lease->keeps_writes = fake_lease.keeps_writes;
	*ret_lease = lease;
	return 0;
}

void lease_put(struct lease *lease)
{
	record("put %d", ino_of(lease));
	fake_lease.holders[ino_of(lease)]--;
}

bool lease_drop_holder(struct lease *lease)
{
	return !--fake_lease.holders[ino_of(lease)];
}

void lease_get(struct lease *lease)
{
	record("get %d", ino_of(lease));
	fake_lease.holders[ino_of(lease)]++;
}

bool lease_is_held(struct lease *lease)
{
	record("held? %d", ino_of(lease));
	return !fault_now(&fake_lease.is_held);
}

struct lease *lease_find(dev_t dev, ino_t ino)
{
	return dev == FAKE_DEV && ino < FAKE_LEASES ? &fake_lease.leases[ino] :
						      NULL;
}

bool lease_are_held(struct lease *const *some, size_t n)
{
	bool are = true;

	while (n--)
		are &= !fault_now(&fake_lease.is_held_locked);
	return are;
}

void lease_note_blocks(struct lease *lease, uint64_t from, uint64_t to)
{
}

bool lease_has_blocks(const struct lease *lease, uint64_t from, uint64_t to)
{
	return false;
}

struct lease *lease_get_held(dev_t dev, ino_t ino)
{
	return NULL;
}

bool lease_ordinary_works_on(unsigned long fs_magic)
{
	return fs_magic != FAKE_FS_WITHOUT_LEASES;
}

bool lease_layout_works_on(unsigned long fs_magic)
{
	return fake_lease.has_layout;
}

void lease_why_not_there(unsigned long fs_magic, struct cause *cause)
{
	*cause = fake_lease.cause;
}

void lease_why_not_written(int fd, struct cause *cause)
{
	*cause = fake_lease.cause;
}

void __wrap_lease_provider_find(struct lease_provider *ret_provider)
{
	*ret_provider = fake_lease.provider;
}

bool lease_ordinary_is_sole(int fd)
{
	return !fake_lease.has_others;
}

void lease_barrier_enter(struct lease_barrier *barrier)
{
	record("bar");
}

bool lease_barrier_enter_any(struct lease_barrier *barrier)
{
	if (fake_lease.was_never_blind)
		record("bar any");
	return fake_lease.was_never_blind;
}

bool lease_may_be_blind(dev_t dev, ino_t ino)
{
	return fake_lease.blind_left;
}

void lease_barrier_leave(struct lease_barrier *barrier)
{
	record("unbar");
}

bool lease_exists_blind(dev_t dev, ino_t ino)
{
	if (!fake_lease.blind_left)
		return false;
	fake_lease.blind_left--;
	return true;
}

bool lease_is_any(void)
{
	return fake_lease.is_any;
}

uint64_t lease_n_taken(void)
{
	return fake_lease.n_taken += fake_lease.taken_each_time;
}

bool lease_exists_any_blind(void)
{
	return fake_lease.blind_left;
}

unsigned int lease_break_blind(dev_t dev, ino_t ino)
{
	record("break");
	return 1;
}

/* As without any time of grace */
uint64_t lease_deadline_ns(const struct lease *lease, uint64_t grace_ns)
{
	return 0;
}

uint64_t lease_last_call_ns(struct lease *const *leases, size_t n_leases)
{
	fake_lease.n_asked = n_leases;
	return fake_lease.last_call_ns;
}
