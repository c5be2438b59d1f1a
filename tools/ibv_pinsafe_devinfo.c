// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * ibv_pinsafe_devinfo: see which RDMA memory regions over files are protected,
 * which would be, and why not.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

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
	int r;

	abilities_find(report, &abilities);
	abilities_advise(&abilities, report);
	r = devices_report(options->device, report, &abilities);
	if (!r)
		r = filesystems_report(&abilities, report);
	if (!r)
		*ret_status = STATUS_PROTECTED;
	return r;
}

static int fill_dry_run(const struct options *options, json_object *report,
			enum status *ret_status)
{
	struct abilities abilities;
	int r;

	abilities_find(report, &abilities);
	r = devices_report(options->device, report, &abilities);
	return r ? r : dry_run_report(options, &abilities, report, ret_status);
}

static int fill_processes(const struct options *options, json_object *report,
			  enum status *ret_status)
{
	return process_report(options->pid, options->device, report,
			      ret_status);
}

static int fill_selftest(const struct options *options, json_object *report,
			 enum status *ret_status)
{
	return selftest_report(options->what, options->device, report,
			       ret_status);
}

static const struct {
	const char *name;
	int (*fill)(const struct options *options, json_object *report,
		    enum status *ret_status);
	void (*output)(json_object *report, bool is_verbose);
} modes[] = {
	[MODE_MACHINE] = {"machine", fill_machine, output_machine},
	[MODE_PROCESS] = {"process", fill_processes, output_processes},
	[MODE_ALL] = {"all", fill_processes, output_processes},
	[MODE_FILE] = {"file", fill_dry_run, output_dry_run},
	[MODE_SELFTEST] = {"selftest", fill_selftest, output_selftest},
};

static void print(const struct options *options, json_object *report)
{
	if (options->is_json) {
		output_json(report, options->watch);
		return;
	}
	/* A terminal is cleared, anything else gets one after the other. */
	if (options->watch && isatty(STDOUT_FILENO))
		printf("\033[H\033[2J");
	modes[options->mode].output(report, options->is_verbose);
}

/* One report; false if there was nothing to print */
static bool run(const struct options *options, enum status *ret_status)
{
	json_object *report = json_object_new_object();
	const char *name = modes[options->mode].name;
	int r;

	report_int(report, "schema", SCHEMA);
	report_string(report, "version", PINSAFE_VERSION);
	report_string(report, "mode", name);
	*ret_status = STATUS_ERROR;
	r = modes[options->mode].fill(options, report, ret_status);
	report_int(report, "status", *ret_status);
	if (!r)
		print(options, report);
	else if (options->mode != MODE_SELFTEST) /* That has said why. */
		fail(options->what ?: options->device ?: name, r);
	json_object_put(report);
	return !r;
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
