// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The command line. */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "report.h"

enum { OPT_JSON = 256, OPT_WATCH, OPT_OFFSET, OPT_LENGTH, OPT_ACCESS,
       OPT_SELFTEST };

static const struct argp_option known[] = {
	{0, 0, 0, 0,
	 "One of these; without any: the kernel, RDMA devices and file systems.",
	 1},
	{"pid", 'p', "PID", 0, "memory regions of one process, and their guards",
	 1},
	{"all", 'a', 0, 0, "memory regions of all processes, and their guards",
	 1},
	{"file", 'f', "FILE", 0,
	 "what would become of a memory region over FILE", 1},
	{"selftest", OPT_SELFTEST, "PATH", 0,
	 "try it: register a scratch file in PATH, or in the directory of file PATH, and truncate it",
	 1},
	{0, 0, 0, 0, "With -f:", 2},
	{"offset", OPT_OFFSET, "BYTES", 0,
	 "where in the file it begins (default 0)", 2},
	{"length", OPT_LENGTH, "BYTES", 0,
	 "how long it is (default: to the end of the file)", 2},
	{"access", OPT_ACCESS, "MODE", 0,
	 "read, or write: the device writes (default write)", 2},
	{0, 0, 0, 0, "Others:", 3},
	{"device", 'd', "DEV", 0, "only this RDMA device", 3},
	{"watch", OPT_WATCH, "SECONDS", OPTION_ARG_OPTIONAL,
	 "with -p or -a: again and again (default: every 2, at most 3600)", 3},
	{"json", OPT_JSON, 0, 0, "print JSON, see ibv_pinsafe_devinfo(1)", 3},
	{"verbose", 'v', 0, 0,
	 "more of the machine, and why files are refused", 3},
	{0},
};

static uint64_t number(struct argp_state *state, const char *option,
		       const char *text, uint64_t min, uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || strchr(text, '-') || value < min ||
	    value > max)
		argp_error(state, "--%s: '%s' is not a number it can be",
			   option, text);
	return value;
}

static void set_mode(struct argp_state *state, enum mode mode, const char *what)
{
	struct options *options = state->input;

	if (options->mode != MODE_MACHINE)
		argp_error(state, "only one of -p, -a, -f and --selftest");
	options->mode = mode;
	options->what = what;
}

static void check(struct argp_state *state, const struct options *options)
{
	if (options->is_for_file && options->mode != MODE_FILE)
		argp_error(state, "--offset, --length and --access go with -f");
	if (options->watch && options->mode != MODE_PROCESS &&
	    options->mode != MODE_ALL)
		argp_error(state, "--watch goes with -p or -a");
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
	struct options *options = state->input;

	switch (key) {
	case 'p':
		set_mode(state, MODE_PROCESS, arg);
		options->pid = number(state, "pid", arg, 1, INT_MAX);
		break;
	case 'a':
		set_mode(state, MODE_ALL, NULL);
		break;
	case 'f':
		set_mode(state, MODE_FILE, arg);
		break;
	case OPT_SELFTEST:
		set_mode(state, MODE_SELFTEST, arg);
		break;
	case 'd':
		options->device = arg;
		break;
	case OPT_OFFSET:
		options->offset = number(state, "offset", arg, 0, INT64_MAX);
		options->is_for_file = true;
		break;
	case OPT_LENGTH:
		options->length = number(state, "length", arg, 1, INT64_MAX);
		options->is_for_file = true;
		break;
	case OPT_ACCESS:
		options->is_write = strcmp(arg, "read");
		if (options->is_write && strcmp(arg, "write"))
			argp_error(state,
				   "--access: '%s' is neither read nor write",
				   arg);
		options->is_for_file = true;
		break;
	case OPT_WATCH:
		options->watch = arg ? number(state, "watch", arg, 1, 3600)
				     : 2;
		break;
	case OPT_JSON:
		options->is_json = true;
		break;
	case 'v':
		options->is_verbose = true;
		break;
	case ARGP_KEY_ARG:
		argp_error(state, "'%s' is not an option", arg);
		break;
	case ARGP_KEY_END:
		check(state, options);
		break;
	default:
		return ARGP_ERR_UNKNOWN;
	}
	return 0;
}

void options_parse(int argc, char **argv, struct options *ret_options)
{
	static const struct argp argp = {
		.options = known,
		.parser = parse,
		.doc = "See which RDMA memory regions over files are protected, which would be, and why not.\v"
		       "Exit status: 0 protected (or needs no guard), 1 refused or NOT GUARDED, 2 unprotected by policy, 3 error or UNKNOWN.",
	};

	argp_program_version = "ibv_pinsafe_devinfo " PINSAFE_VERSION;
	argp_err_exit_status = STATUS_ERROR;
	*ret_options = (struct options){.is_write = true};
	(void)argp_parse(&argp, argc, argv, 0, NULL, ret_options);
}
