// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_pinsafe_devinfo: see which RDMA memory regions over files are protected,
 * which would be, and why not.
 */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "output.h"
#include "reports.h"

/* Changes when a key changes its meaning or goes; new keys may come. */
#define SCHEMA 1

static enum status fail(const char *what, int error)
{
	fprintf(stderr, "ibv_pinsafe_devinfo: %s: %s\n", what, strerror(error));
	return STATUS_ERROR;
}

static int fill_machine(const struct options *options, json_object *report,
			enum status *ret_status)
{
	struct abilities abilities;
	bool has_odp;
	int r;

	abilities_find(&abilities);
	abilities_report(&abilities, report);
	abilities_advise(&abilities, report);
	r = devices_report(options->device, report, &has_odp);
	if (!r)
		r = filesystems_report(&abilities, has_odp, report);
	if (!r)
		*ret_status = STATUS_PROTECTED;
	return r;
}

static int fill_dry_run(const struct options *options, json_object *report,
			enum status *ret_status)
{
	struct dry_run run = {
		.path = options->path,
		.offset = options->offset,
		.length = options->length,
		.is_write = !options->is_read_only,
	};
	struct abilities abilities;
	int r;

	abilities_find(&abilities);
	r = devices_report(options->device, report, &run.has_odp);
	return r ? r : dry_run_report(&run, &abilities, report, ret_status);
}

/* False if there is nothing to print; then it has said why. */
static bool fill(const struct options *options, json_object *report,
		 enum status *ret_status)
{
	char what[PATH_MAX];
	int r = 0;

	*ret_status = STATUS_ERROR;
	switch (options->mode) {
	case MODE_MACHINE:
		snprintf(what, sizeof(what), "%s",
			 options->device ? options->device : "mounts");
		r = fill_machine(options, report, ret_status);
		break;
	case MODE_PROCESS:
		snprintf(what, sizeof(what), "process %d", options->pid);
		r = process_report(options->pid, options->device, report,
				   ret_status);
		break;
	case MODE_ALL:
		strcpy(what, "all processes");
		r = process_report(0, options->device, report, ret_status);
		break;
	case MODE_FILE:
		snprintf(what, sizeof(what), "%s", options->path);
		r = fill_dry_run(options, report, ret_status);
		break;
	case MODE_SELFTEST:
		/* It has said why. */
		return !selftest_report(options->path, options->device, report,
					ret_status);
	}
	if (r)
		fail(what, r);
	return !r;
}

static void print(const struct options *options, json_object *report)
{
	if (options->is_json) {
		output_json(report, options->watch);
		return;
	}
	/* A terminal is cleared, anything else gets one after the other. */
	if (options->watch && isatty(STDOUT_FILENO))
		printf("\033[H\033[2J");
	switch (options->mode) {
	case MODE_PROCESS:
	case MODE_ALL:
		output_processes(report);
		break;
	case MODE_MACHINE:
		output_machine(report, options->is_verbose);
		break;
	case MODE_FILE:
		output_dry_run(report);
		break;
	case MODE_SELFTEST:
		output_selftest(report);
		break;
	}
}

/* One report; false if there was nothing to print */
static bool run(const struct options *options, enum status *ret_status)
{
	static const char *const modes[] = {
		[MODE_MACHINE] = "machine",   [MODE_PROCESS] = "process",
		[MODE_ALL] = "all",	      [MODE_FILE] = "file",
		[MODE_SELFTEST] = "selftest",
	};
	json_object *report = json_object_new_object();
	bool is_filled;

	report_int(report, "schema", SCHEMA);
	report_string(report, "version", PINSAFE_VERSION);
	report_string(report, "mode", modes[options->mode]);
	is_filled = fill(options, report, ret_status);
	report_int(report, "status", *ret_status);
	if (is_filled)
		print(options, report);
	json_object_put(report);
	return is_filled;
}

int main(int argc, char **argv)
{
	struct options options;
	enum status status;

	options_parse(argc, argv, &options);
	while (run(&options, &status) && options.watch) {
		if (!options.is_json && !isatty(STDOUT_FILENO))
			putchar('\n');
		if (fflush(stdout))
			break;
		sleep(options.watch);
	}
	if (fflush(stdout) || ferror(stdout))
		return fail("standard output", errno);
	return status;
}
