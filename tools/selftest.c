// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The self-test: what a program and a truncate by somebody else go through. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>

#include "reports.h"
#include "selftest_run.h"

static void report_promises(const struct selftest *test)
{
	json_object *promises = report_object(test->report, "promises");
	char name[3] = "C?";
	int i;

	for (i = C1; i < N_PROMISES; i++) {
		name[1] = '0' + i;
		if (test->is_asked[i])
			report_bool(promises, name, !test->is_broken[i]);
		else
			report_string(promises, name, NULL);
	}
}

static int fail(const char *what, const char *why, int error)
{
	fprintf(stderr, "ibv_pinsafe_devinfo: %s: %s\n", what,
		why ? why : strerror(error));
	return error;
}

static int map_and_run(struct selftest *test, const char **ret_verdict)
{
	int error = 0;

	test->addr = mmap(NULL, test->file.size, PROT_READ | PROT_WRITE,
			  MAP_SHARED, test->file.fd, 0);
	if (test->addr == MAP_FAILED)
		return fail("mapping the file", NULL, errno);
	test->access = SELFTEST_ACCESS;
	*ret_verdict = selftest_run(test, &error);
	report_string(test->report, "access",
		      test->access == SELFTEST_ACCESS ? "write" : "read");
	report_string(test->report, "verdict", *ret_verdict);
	report_errno(test->report, "errno", error);
	if (test->mr)
		ibv_dereg_mr(test->mr);
	munmap(test->addr, test->file.size);
	return 0;
}

static int test_on_device(struct selftest *test, const char *device,
			  const char **ret_verdict)
{
	int r;

	r = child_start(&test->file, NULL, &test->helper);
	if (r)
		return fail("starting a child", NULL, r);
	r = child_start(&test->file, device, &test->deaf);
	if (r) {
		fail("starting a child", NULL, r);
		goto stop_helper;
	}
	r = peer_open(device, &test->peer);
	if (r == ENODEV) {
		fail("no RDMA device",
		     "a software one comes with: rdma link add rxe0 type rxe netdev INTERFACE",
		     r);
	} else if (r) {
		fail("opening the RDMA device", NULL, r);
	} else {
		report_string(test->report, "device",
			      ibv_get_device_name(test->peer.context->device));
		r = map_and_run(test, ret_verdict);
		peer_close(&test->peer);
	}
	child_stop(&test->deaf);
stop_helper:
	child_stop(&test->helper);
	return r;
}

static enum status status_of(const char *verdict)
{
	return !strcmp(verdict, "protected")	 ? STATUS_PROTECTED
	       : !strcmp(verdict, "unprotected") ? STATUS_UNPROTECTED
						 : STATUS_REFUSED;
}

int selftest_report(const char *path, const char *device, json_object *report,
		    enum status *ret_status)
{
	/* Large, because of its paths; this tool has one thread. */
	static struct selftest test;
	const char *why, *verdict = NULL;
	sigset_t signals, saved;
	int r, restored;

	memset(&test, 0, sizeof(test));
	test.report = report;
	/* Nothing but SIGKILL comes between a file and its restoring. */
	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, &saved);
	r = test_file_open(path, &test.file, &why);
	if (r) {
		fail(path, why, r);
		goto restore_signals;
	}
	report_string(report, "path", test.file.path);
	report_bool(report, "scratch", test.file.is_scratch);
	test.steps = report_array(report, "steps");
	r = test_on_device(&test, device, &verdict);

	selftest_begin(&test);
	restored = test_file_restore(&test.file);
	selftest_step(&test,
		      test.file.is_scratch ? "remove the scratch file"
					   : "restore the file and compare",
		      0, !restored, restored ? strerror(restored) : NULL);
	if (restored) {
		r = restored;
		fail(test.file.is_scratch ? test.file.path
					  : test.file.copy_path,
		     "this copy is not restored", r);
	}
	report_promises(&test);
	if (!r)
		*ret_status = status_of(verdict);
restore_signals:
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return r;
}
