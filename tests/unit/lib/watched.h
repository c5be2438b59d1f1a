/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* watch.c with mappings of the test, which are addresses and nothing more */
#pragma once

#include "../fakes/fake_config.h"
#include "../fakes/fake_fork.h"
#include "../fakes/fake_fstatfs.h"
#include "../fakes/fake_keeper.h"
#include "../fakes/fake_lease.h"
#include "files.h"
#include "record.h"
#include "test.h"
#include "watch.h"

#define START 0x100000
#define PAGE 0x1000
#define PAGES 8
#define END (START + PAGES * PAGE)

extern struct file watched_file;

/* For each case: mappings are watched, and none is kept. */
int watched_setup(void **state);
int watched_teardown(void **state);

void watched_map(uintptr_t start, size_t pages, int fd);
/* From START to END */
void watched_map_all(int fd);
void watched_forget(uintptr_t start, uintptr_t end);
/* @pages from the @first behind START */
void watched_unmap(size_t first, size_t pages);
/* Of watched_file */
bool watched_is_kept(void);

#define WATCHED_CASE(fn) CASE_WITH(fn, watched_setup, watched_teardown)
