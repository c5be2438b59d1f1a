/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* ibv_rereg_mr() on a stack whose provider can do it */
#pragma once

#include "stack_api.h"

#define MOVE (IBV_REREG_MR_CHANGE_TRANSLATION)
#define MOVE_AND_ACCESS (MOVE | IBV_REREG_MR_CHANGE_ACCESS)

/* Of STACK_A, of STACK_B, and a page of no file */
extern char *addr_a, *addr_b, *anonymous;

int rereg_setup(void **state);
int rereg_teardown(void **state);

#define REREG_CASE(fn) CASE_WITH(fn, rereg_setup, rereg_teardown)

/* A page, in place of what is at @at; NULL: anywhere */
char *map_anonymous(void *at);
/* The page of no file, written by the device */
struct ibv_mr *reg_anonymous(void);

/* To a page, as libibverbs does it; the second for a device that writes */
int rereg_as(struct ibv_mr *mr, int flags, void *addr, int access);
int rereg(struct ibv_mr *mr, int flags, void *addr);

/* Which of the two files have a lease */
void assert_leases(bool a, bool b);
