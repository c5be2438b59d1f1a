/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * What the tests of the kernel's layout leases have in common: files on the
 * file system under test, leases and their signal, operations in a child
 * process, memory regions and RDMA through them.  Nothing of pinsafe.
 *
 * kernel-TEST DIRECTORY, one line per check, exit status 0, 1 (failed) or 77
 * (skipped).  A wait ends at a deadline, and that is a failure.
 */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <infiniband/verbs.h>

#ifndef F_LAYOUT
#define F_LAYOUT 16
#endif
#define F_LAYOUT_WRITE 17

#define K_MIB (1UL << 20)
#define K_BREAK_TIME 2	/* fs.lease-break-time during the tests, in s */
#define K_SOON 1000	/* ms: well before a lease times out */
#define K_READ IBV_ACCESS_REMOTE_READ
#define K_WRITE                                                                \
	(IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE |                    \
	 IBV_ACCESS_REMOTE_READ)

extern const char *k_dir;	/* the directory under test */
extern int k_signal;		/* what k_lease() makes the kernel send */

/* Start of main(): the directory, the break time, a time limit for it all */
void k_begin(int argc, char **argv, unsigned int limit);

/* The same, and exit with status 77 unless the kernel has layout leases */
void k_begin_layout(int argc, char **argv, unsigned int limit);
int k_end(void);

void k_check(bool ok, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void k_note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
_Noreturn void k_skip(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

/* Something that is not under test failed: give up */
_Noreturn void k_bail(const char *what);

/* "0" or the name of an errno value */
const char *k_err(int err);
double k_now(void);
bool k_is_xfs(void);
void k_sysctl(const char *name, int value);

struct k_file {
	char path[256];
	int fd;
	size_t len;
	char *map;
};

/* A new file of len bytes, all of them written, open and mapped O_RDWR */
struct k_file k_file(const char *name, size_t len, char fill);
void k_file_close(struct k_file *file);
bool k_filled(const struct k_file *file, char fill);

/* F_SETLEASE with type, 0 or an errno value; a layout lease also sets the signal */
int k_lease(int fd, int type);
int k_lease_retry(int fd, int ms);

/* The page of /dev/layout_lease: how many pins were not of anonymous memory */
const volatile uint64_t *k_pin_count(void);

/* Wait for the signal of a broken lease; false when there is none in time */
bool k_break(siginfo_t *info, int ms);

/* An operation in a child process */
struct k_op {
	pid_t pid;
	int pipe;
};

struct k_result {
	int err;	/* errno value of the operation, -1: still busy, died */
	double time;	/* how long it took, in s */
};

typedef int k_op_fn(const char *path);
struct k_op k_start(k_op_fn *fn, const char *path);
bool k_busy(const struct k_op *op, int ms);
struct k_result k_wait(struct k_op *op, int ms);
struct k_result k_run(k_op_fn *fn, const char *path);

/* Operations */
int k_shrink(const char *path);	/* truncate(2) to 8 KiB */
int k_punch(const char *path);		/* 64 KiB at 64 KiB */

/* The device is opened at the first registration of a process */
struct ibv_mr *k_reg(void *addr, size_t len, int access, int *err);
void k_dereg(struct ibv_mr **mr);

/* RDMA from or to a buffer of our own; the completion status, -1 for none */
int k_rdma(enum ibv_wr_opcode opcode, struct ibv_mr *mr, void *addr, void *buf,
	   size_t len);

static inline int k_rdma_write(struct ibv_mr *mr, void *addr, const void *buf,
			       size_t len)
{
	return k_rdma(IBV_WR_RDMA_WRITE, mr, addr, (void *)buf, len);
}
