/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A gate in ioctl(2): the next command of one kind to a verbs device stops
 * there until the test lets it go, or destroying one region fails.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define GATE_EXPORT __attribute__((visibility("default")))

enum gate_command { GATE_REG_MR, GATE_DESTROY_MR };

/* Before the kernel sees the command, or before its caller sees the result */
enum gate_side { GATE_BEFORE, GATE_AFTER };

/*
 * Close the gate for one such command, of any thread, that comes after some
 * more have passed; all others pass as well.
 */
GATE_EXPORT void gate_close(enum gate_command command, enum gate_side side,
			    unsigned let_pass);

/* Wait until a thread stands at the gate */
GATE_EXPORT bool gate_wait_stopped(int ms);

GATE_EXPORT void gate_open(void);

/*
 * GATE_DESTROY_MR of the memory region with this handle fails and does not
 * reach the kernel, until error is 0; how often that happened.
 */
GATE_EXPORT void gate_fail_destroy(uint32_t handle, int error);
GATE_EXPORT unsigned gate_failures(void);
