// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The command line. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "report.h"

enum {
	OPT_JSON = 256,
	OPT_WATCH,
	OPT_OFFSET,
	OPT_LENGTH,
	OPT_ACCESS,
	OPT_SELFTEST,
	OPT_HELP,
	OPT_VERSION
};

static const char help[] =
	"Usage: ibv_pinsafe_devinfo [OPTION]...\n"
	"See which RDMA memory regions over files are protected, which would\n"
	"be, and why not.\n"
	"\n"
	"One of these; without any: the kernel, RDMA devices and file systems.\n"
	"  -p, --pid=PID         memory regions of a process, and their guards\n"
	"  -a, --all             the same for all processes\n"
	"  -f, --file=FILE       what would become of a memory region over FILE\n"
	"      --selftest=PATH   try it: register a file, truncate it, restore it;\n"
	"                        with a directory a scratch file there\n"
	"\n"
	"With -f:\n"
	"      --offset=BYTES    where in the file it begins (default 0)\n"
	"      --length=BYTES    how long it is (default: to the end of the file)\n"
	"      --access=MODE     read, or write: the device writes (default write)\n"
	"\n"
	"  -d, --device=DEV      only this RDMA device\n"
	"      --watch[=SECONDS] with -p or -a: again and again (default: every 2)\n"
	"      --json            print JSON, see ibv_pinsafe_devinfo(1)\n"
	"  -v, --verbose         say more of the machine, and why files are refused\n"
	"      --help            print this\n"
	"      --version         print the version\n"
	"\n"
	"Exit status: 0 protected (or needs no guard), 1 refused or NOT GUARDED,\n"
	"2 unprotected by policy, 3 error or UNKNOWN.\n";

static const struct option long_options[] = {
	{"pid", required_argument, NULL, 'p'},
	{"all", no_argument, NULL, 'a'},
	{"file", required_argument, NULL, 'f'},
	{"selftest", required_argument, NULL, OPT_SELFTEST},
	{"device", required_argument, NULL, 'd'},
	{"offset", required_argument, NULL, OPT_OFFSET},
	{"length", required_argument, NULL, OPT_LENGTH},
	{"access", required_argument, NULL, OPT_ACCESS},
	{"watch", optional_argument, NULL, OPT_WATCH},
	{"json", no_argument, NULL, OPT_JSON},
	{"verbose", no_argument, NULL, 'v'},
	{"help", no_argument, NULL, OPT_HELP},
	{"version", no_argument, NULL, OPT_VERSION},
	{0},
};

__attribute__((noreturn, format(printf, 1, 2))) static void
usage_error(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "ibv_pinsafe_devinfo: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\nTry 'ibv_pinsafe_devinfo --help'.\n");
	exit(STATUS_ERROR);
}

static uint64_t number(const char *option, const char *text, uint64_t min,
		       uint64_t max)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || strchr(text, '-') || value < min ||
	    value > max)
		usage_error("--%s: '%s' is not a number it can be", option,
			    text);
	return value;
}

static void set_mode(struct options *options, enum mode mode, const char *path)
{
	if (options->mode != MODE_MACHINE)
		usage_error("only one of -p, -a, -f and --selftest");
	options->mode = mode;
	options->path = path;
}

static void set_access(struct options *options, const char *text)
{
	if (strcmp(text, "read") && strcmp(text, "write"))
		usage_error("--access: '%s' is neither read nor write", text);
	options->is_read_only = !strcmp(text, "read");
}

void options_parse(int argc, char **argv, struct options *ret_options)
{
	struct options o = {0};
	bool is_for_file = false;
	int c;

	while ((c = getopt_long(argc, argv, "p:af:d:v", long_options, NULL)) !=
	       -1) {
		switch (c) {
		case 'p':
			set_mode(&o, MODE_PROCESS, NULL);
			o.pid = number("pid", optarg, 1, INT_MAX);
			break;
		case 'a':
			set_mode(&o, MODE_ALL, NULL);
			break;
		case 'f':
			set_mode(&o, MODE_FILE, optarg);
			break;
		case OPT_SELFTEST:
			set_mode(&o, MODE_SELFTEST, optarg);
			break;
		case 'd':
			o.device = optarg;
			break;
		case OPT_OFFSET:
			o.offset = number("offset", optarg, 0, INT64_MAX);
			is_for_file = true;
			break;
		case OPT_LENGTH:
			o.length = number("length", optarg, 1, INT64_MAX);
			is_for_file = true;
			break;
		case OPT_ACCESS:
			set_access(&o, optarg);
			is_for_file = true;
			break;
		case OPT_WATCH:
			o.watch = optarg ? number("watch", optarg, 1, 3600) : 2;
			break;
		case OPT_JSON:
			o.is_json = true;
			break;
		case 'v':
			o.is_verbose = true;
			break;
		case OPT_HELP:
			fputs(help, stdout);
			exit(0);
		case OPT_VERSION:
			printf("ibv_pinsafe_devinfo %s\n", PINSAFE_VERSION);
			exit(0);
		default:
			fprintf(stderr, "Try 'ibv_pinsafe_devinfo --help'.\n");
			exit(STATUS_ERROR);
		}
	}
	if (optind < argc)
		usage_error("'%s' is not an option", argv[optind]);
	if (is_for_file && o.mode != MODE_FILE)
		usage_error("--offset, --length and --access go with -f");
	if (o.watch && o.mode != MODE_PROCESS && o.mode != MODE_ALL)
		usage_error("--watch goes with -p or -a");
	*ret_options = o;
}
