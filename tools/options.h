/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum mode { MODE_MACHINE, MODE_PROCESS, MODE_ALL, MODE_FILE, MODE_SELFTEST };

struct options {
	enum mode mode;
	pid_t pid;
	const char *what;   /* PID or path as it was given, or NULL */
	const char *device; /* NULL: all */
	bool is_verbose;
	bool is_json;
	int watch; /* seconds between reports, 0: one report */
	uint64_t offset;
	uint64_t length;  /* 0: to the end of the file */
	bool is_write;	  /* the device writes, unless --access read */
	bool is_for_file; /* one of the last three was given */
};

/* Exits with STATUS_ERROR, or after --help and --version with 0. */
void options_parse(int argc, char **argv, struct options *ret_options);
