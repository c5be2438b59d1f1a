/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * All stages, with the keeper's thread, between a fake provider and a kernel
 * with fake leases and memory regions.  Threads, files and mappings are real.
 */
#pragma once

#include <sys/stat.h>

#include "../fakes/fake_fcntl.h"
#include "../fakes/fake_fstatfs.h"
#include "../fakes/fake_kernel_mr.h"
#include "../fakes/fake_open.h"
#include "../fakes/fake_provider.h"
#include "../fakes/fake_statx.h"
#include "base/stats.h"
#include "files.h"
#include "record.h"
#include "test.h"
#include "wait.h"

#define STACK_FILES 2
#define STACK_PAGES 4 /* of each file */

/* Mapped one behind the other at stack_addr */
extern struct file stack_files[STACK_FILES];
extern char *stack_addr;

struct device {
	struct ibv_device device;
	struct ibv_context context;
	struct ibv_pd pd;
	ino_t ino; /* of the file behind cmd_fd */
};

/* Open; closed after each case if the case did not */
extern struct device stack_device;

#define STACK_A (&stack_files[0])
#define STACK_B (&stack_files[1])

int stack_setup(void **state);
/* Nothing may be left: no lease, no MR, no stray call to the kernel. */
int stack_teardown(void **state);

/* @fd: its number, or -1 for any */
void stack_open(struct device *device, int fd);
void stack_close(struct device *device);
bool stack_is_device(const struct ibv_context *context, const struct stat *st);

/* ibv_reg_mr() of pages of both files, and ibv_dereg_mr() */
struct ibv_mr *stack_reg(struct device *device, size_t first, size_t pages);
int stack_dereg(struct ibv_mr *mr);
/* The same for MRs that must succeed, over all of a file */
struct ibv_mr *stack_reg_file(const struct file *file);
void stack_dereg_ok(struct ibv_mr *mr);

/*
 * Cases in which file a is leased from the beginning: by this memory region, until
 * stack_end_first(), which makes it NULL
 */
extern struct ibv_mr *stack_first;
int stack_setup_leased(void **state);
int stack_teardown_leased(void **state);
void stack_end_first(void);

/* That of file a must fail. */
void stack_reg_fails(int error);

/* A whole break, by this thread; the lease must go. */
void stack_break(const struct file *file);

/* Counters since the case began */
struct pinsafe_stats stack_stats(void);
/* Until @n breaks were noticed */
void stack_wait_for_breaks(uint64_t n);

const char *stack_log(void);

/* Thread of the keeper, 0 if there is none */
int stack_keeper_tid(void);

#define STACK_CASE(fn) CASE_WITH(fn, stack_setup, stack_teardown)
