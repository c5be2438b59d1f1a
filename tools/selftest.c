// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The self-test: what a program and a truncate by somebody else go through. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reports.h"
#include "selftest.h"

static void report_promises(const struct selftest *test)
{
	json_object *promises = report_object(test->report, "promises");
	char name[3] = "C?";
	int i;

	for (i = C1; i < N_PROMISES; i++) {
		name[1] = '0' + i;
		report_add(promises, name,
			   test->is_asked[i]
				   ? json_object_new_boolean(!test->is_broken[i])
				   : NULL);
	}
}

static int fail(const char *what, int error)
{
	fprintf(stderr, "ibv_pinsafe_devinfo: %s: %s\n", what, strerror(error));
	return error;
}

static int map_and_run(struct selftest *test, const char **ret_verdict)
{
	int error = 0;

	test->addr = mmap(NULL, SELFTEST_SIZE, PROT_READ | PROT_WRITE,
			  MAP_SHARED, test->fd, 0);
	if (test->addr == MAP_FAILED)
		return fail("mapping the scratch file", errno);
	test->access = SELFTEST_ACCESS;
	*ret_verdict = selftest_run(test, &error);
	report_string(test->report, "access",
		      test->access == SELFTEST_ACCESS ? "write" : "read");
	report_string(test->report, "verdict", *ret_verdict);
	report_errno(test->report, "errno", error);
	if (test->mr)
		ibv_dereg_mr(test->mr);
	munmap(test->addr, SELFTEST_SIZE);
	return 0;
}

static int test_on_device(struct selftest *test, const char *device,
			  const char **ret_verdict)
{
	int r;

	r = child_start(test, NULL, &test->helper);
	if (r)
		return fail("starting a child", r);
	r = child_start(test, device, &test->deaf);
	if (r) {
		fail("starting a child", r);
		goto stop_helper;
	}
	r = peer_open(device, &test->peer);
	if (r == ENODEV) {
		fprintf(stderr,
			"ibv_pinsafe_devinfo: no RDMA device: a software one comes with: rdma link add rxe0 type rxe netdev INTERFACE\n");
	} else if (r) {
		fail("opening the RDMA device", r);
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

/* test->path is directory @path, or that of file @path, without a last slash. */
static int find_directory(const char *path, struct selftest *test)
{
	struct stat st;
	int r = 0;

	if (!realpath(path, test->path) || stat(test->path, &st))
		r = errno;
	else if (S_ISREG(st.st_mode) || !strcmp(test->path, "/"))
		*strrchr(test->path, '/') = '\0';
	else if (!S_ISDIR(st.st_mode))
		r = ENOTDIR;
	return r ? fail(path, r) : 0;
}

/* There; what is said of a failure names where it is. */
static int open_scratch(struct selftest *test)
{
	static const char name[] = "/pinsafe-selftest-XXXXXX";
	char what[PATH_MAX + 32];
	int r;

	snprintf(what, sizeof(what), "making a file in %s/", test->path);
	if (strlen(test->path) + sizeof(name) > sizeof(test->path))
		return fail(what, ENAMETOOLONG);
	strcat(test->path, name);
	test->fd = mkostemp(test->path, O_CLOEXEC);
	if (test->fd < 0)
		return fail(what, errno);
	if (!ftruncate(test->fd, SELFTEST_SIZE))
		return 0;
	r = fail(what, errno);
	unlink(test->path);
	close(test->fd);
	return r;
}

static int remove_scratch(struct selftest *test)
{
	int r;

	selftest_begin(test);
	r = unlink(test->path) ? fail(test->path, errno) : 0;
	close(test->fd);
	selftest_step(test, "remove the scratch file", 0, !r,
		      r ? strerror(r) : NULL);
	return r;
}

int selftest_report(const char *path, const char *device, json_object *report,
		    enum status *ret_status)
{
	/* Large, because of its path; this tool has one thread. */
	static struct selftest test;
	const char *verdict = NULL;
	sigset_t signals, saved;
	int r;

	test.report = report;
	/* Nothing but SIGKILL leaves a scratch file behind. */
	sigfillset(&signals);
	sigprocmask(SIG_BLOCK, &signals, &saved);
	/* Of a limit to the size of files an errno tells. */
	signal(SIGXFSZ, SIG_IGN);
	r = find_directory(path, &test) ?: open_scratch(&test);
	if (r)
		goto restore_signals;
	report_string(report, "path", test.path);
	test.steps = report_array(report, "steps");
	r = test_on_device(&test, device, &verdict);
	r = remove_scratch(&test) ?: r;
	report_promises(&test);
	if (!r)
		*ret_status = status_of(verdict);
restore_signals:
	sigprocmask(SIG_SETMASK, &saved, NULL);
	return r;
}
