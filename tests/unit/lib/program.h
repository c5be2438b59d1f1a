/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * A program of its own with a stack, that ends in its own way: a child, whose
 * output is a pipe.
 */
#pragma once

#include <stdio.h>

#include "stack_api.h"

#define PROGRAM_CASE(fn) CASE_WITH(fn, program_setup, program_teardown)
int program_setup(void **state);
int program_teardown(void **state);

#define NOT_UNDER_TSAN()                                           \
	do {                                                       \
		if (UNDER_TSAN)                                    \
			SKIP_CASE("ThreadSanitizer has a thread"); \
	} while (0)

pid_t program_run(void (*program)(void));
/* The next of what it says; NULL when nobody is left to say anything */
const char *program_hear(pid_t pid);
/* It says nothing but this until it ends with that status. */
void program_ends_with(pid_t pid, const char *text, int status);
void program_is_killed(pid_t pid, int signal);
/* Ordinary leases that it has given up */
int program_n_unlocked(void);

/* In the program, where no assertion must fail: program_broken() */

/* To the pipe, with a buffer.  At exit there comes "atexit" as well. */
extern FILE *program_out;
extern struct device program_device;

void program_broken(void) __attribute__((noreturn));
/* To the pipe, without a buffer */
void program_say(const char *what);
/* A memory region over STACK_A, with an ordinary lease */
void program_register(pinsafe_break_handler *handler);
void program_start_thread(void *(*fn)(void *arg));
/* Until the main thread has ended by pthread_exit(3) */
void program_wait_for_main(void);
/* The same of all threads but the keeper, the one that ends the process, and
 * this one */
void program_wait_for_others(void);
/* Until the keeper has looked which threads there are now */
void program_wait_for_look(void);
