/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/utsname.h>

/* Both keys of the memory region with this handle */
#define FAKE_KEY(handle) ((uint32_t)(handle) << 8)

bool fake_has_leases(void);
/* A page of a file is pinned. */
void fake_pin_file(void);

/*
 * As truncate(2) by another process: ns until the lease of the file was gone; an
 * @ino of 0 stands for all files of @dev at once.
 */
uint64_t fake_break(dev_t dev, ino_t ino);

int __wrap_sys_open(const char *path, int flags, mode_t mode);
int __wrap_sys_fcntl(int fd, int command, uintptr_t arg);
int __wrap_sys_ioctl(int fd, unsigned long request, void *arg);
int __wrap_sys_sigtimedwait(const sigset_t *set, siginfo_t *ret_info,
			    const struct timespec *timeout);
int __wrap_sys_statx(int dir, const char *path, int flags, unsigned int mask,
		     struct statx *ret_stx);
int __wrap_uname(struct utsname *name);
