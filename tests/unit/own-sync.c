// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* What is redirtied before the program makes something durable */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "fakes/fake_redirty.h"
#include "lib/files.h"
#include "lib/record.h"
#include "lib/test.h"
#include "preload/private.h"
#include "track_list.h"

static struct file file;
static void *const memory = (void *)0x10000;

static int setup(void **state)
{
	memset(&fake_redirty_query, 0, sizeof(fake_redirty_query));
	file_make(&file, DISK, 4);
	record_clear();
	errno = E2BIG;
	return 0;
}

static int teardown(void **state)
{
	file_put(&file);
	return 0;
}

#define SYNC_CASE(fn) CASE_WITH(fn, setup, teardown)

/* Devices may write to the page at @start, of the file @ino of the same device. */
static struct guarded_mr *written(uintptr_t start, ino_t ino)
{
	struct guarded_mr *gmr = calloc(1, sizeof(*gmr) + sizeof(struct mr_range));

	assert_non_null(gmr);
	gmr->is_written = true;
	gmr->n_ranges = 1;
	gmr->ranges[0].start = start;
	gmr->ranges[0].end = start + 0x1000;
	gmr->ranges[0].dev = file.dev;
	gmr->ranges[0].ino = ino;
	ps_lock(&table_lock);
	track_filter_count(gmr, 1);
	ps_unlock(&table_lock);
	return gmr;
}

static void unwritten(struct guarded_mr *gmr)
{
	ps_lock(&table_lock);
	track_filter_count(gmr, -1);
	ps_unlock(&table_lock);
	free(gmr);
}

SYNC_CASE(sync_file__redirty_first)
{
	struct guarded_mr *gmr, *other;

	other = written((uintptr_t)memory, file.ino + 1);
	pinsafe_private_sync_file(file.fd, false);
	assert_record("");
	unwritten(other);
	gmr = written((uintptr_t)memory, file.ino);
	pinsafe_private_sync_file(file.fd, false);
	unwritten(gmr);
	assert_int_equal(errno, E2BIG);
	assert_record("redirty found");
	assert_false(fake_redirty_query.any_file);
	assert_int_equal(fake_redirty_query.dev, file.dev);
	assert_int_equal(fake_redirty_query.ino, file.ino);
	assert_int_equal(fake_redirty_query.start, 0);
	assert_int_equal(fake_redirty_query.end, UINTPTR_MAX);
}

SYNC_CASE(sync_fs__redirty_all_there)
{
	struct guarded_mr *gmr = written((uintptr_t)memory, file.ino + 1);

	pinsafe_private_sync_file(file.fd, true);
	unwritten(gmr);
	assert_int_equal(errno, E2BIG);
	assert_record("redirty found");
	assert_true(fake_redirty_query.any_inode);
	assert_int_equal(fake_redirty_query.dev, file.dev);
	assert_int_equal(fake_redirty_query.start, 0);
	assert_int_equal(fake_redirty_query.end, UINTPTR_MAX);
}

SYNC_CASE(sync_all__redirty_all)
{
	struct guarded_mr *gmr;

	pinsafe_private_sync_range(NULL, SIZE_MAX);
	assert_record("");
	gmr = written((uintptr_t)memory, file.ino);
	pinsafe_private_sync_range(NULL, SIZE_MAX);
	unwritten(gmr);
	assert_int_equal(errno, E2BIG);
	assert_record("redirty found");
	assert_true(fake_redirty_query.any_file);
	assert_int_equal(fake_redirty_query.start, 0);
	assert_int_equal(fake_redirty_query.end, UINTPTR_MAX);
}

SYNC_CASE(sync_file__no_descriptor_nothing)
{
	struct guarded_mr *gmr = written((uintptr_t)memory, file.ino);

	pinsafe_private_sync_file(-1, false);
	unwritten(gmr);
	assert_int_equal(errno, E2BIG);
	assert_record("");
}

SYNC_CASE(sync_range__redirty_first)
{
	struct guarded_mr *gmr = written((uintptr_t)memory + 0x2000, file.ino);

	pinsafe_private_sync_range(memory, 0x3000);
	unwritten(gmr);
	assert_int_equal(errno, E2BIG);
	assert_record("redirty found");
	assert_true(fake_redirty_query.any_file);
	assert_int_equal(fake_redirty_query.start, 0x10000);
	assert_int_equal(fake_redirty_query.end, 0x13000);
}

SYNC_CASE(sync_range__of_other_memory_nothing)
{
	struct guarded_mr *gmr = written((uintptr_t)memory + 0x3000, file.ino);

	pinsafe_private_sync_range(memory, 0x3000);
	assert_record("");
	unwritten(gmr);
}

SYNC_CASE(sync__nothing_guarded_nothing)
{
	pinsafe_private_sync_file(file.fd, false);
	pinsafe_private_sync_range(memory, 0x3000);
	assert_record("");
}
