/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What the programs have in common.  Each answers one question.  It reads lines
 * "OPERATION N" and answers each with a line "WALL CPU N", in ns and of how many:
 * so that the driver can have one with pinsafe and one without do the same in
 * turns.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/types.h>

#include <infiniband/verbs.h>

#define BENCH_PAGE 4096ul

struct bench_op {
	const char *name;
	void (*fn)(long n);
};

/* Until the input ends; @ops ends with a name of NULL. */
int bench_serve(const struct bench_op *ops);

/* Of an operation, only what is between them is meant; else all of it. */
void bench_begin(void);
void bench_end(void);
/* This is the answer instead. */
void bench_answer(uint64_t wall_ns, uint64_t cpu_ns);

uint64_t bench_wall_ns(void);
/* Of the process, so that the keeper is in it */
uint64_t bench_cpu_ns(void);

#define BENCH_DIE(...)                                                      \
	(fprintf(stderr, "bench: " __VA_ARGS__), fprintf(stderr, ": %m\n"), \
	 exit(1))

/* The first device, or the one that BENCH_DEVICE names */
extern struct ibv_pd *bench_pd;
void bench_open(void);
/* As many descriptors as may be had */
void bench_more_files(void);

struct ibv_mr *bench_reg(void *addr, size_t size);
void bench_dereg(struct ibv_mr *mr);

/* Operations: a page is mapped and unmapped; by libc, and by the system call */
void bench_mmap(long n);
void bench_raw_mmap(long n);

/* Where files are mapped, so that lib/provider.c knows them */
#define BENCH_FILES 0x200000000000ul
#define BENCH_IS_FILE(addr) ((uintptr_t)(addr) >> 44 == BENCH_FILES >> 44)

/* A file of our own in BENCH_DIR, mapped; it goes with the program. */
struct bench_file {
	char path[200];
	char *addr;
	size_t size;
	dev_t dev;
	ino_t ino;
};
void bench_map(struct bench_file *file, size_t size);
void bench_unmap(struct bench_file *file);
void bench_populate(const struct bench_file *file);

/*
 * BENCH_BARE is set: this is the side without pinsafe on a kernel that pins
 * nothing without a lease, so take one.
 */
void bench_bare_lease(const struct bench_file *file);

/* First of all, for who calls bench_break() */
void bench_breaks(void);
/*
 * Break the lease of the file, as who truncates it, and wait until it is gone:
 * ns.  With lib/kernel.c that, else by truncate(2) in a child.
 */
uint64_t bench_break(const struct bench_file *file);
