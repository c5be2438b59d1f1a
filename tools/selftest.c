// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The self-test: what a program and a truncate by somebody else go through. */
#include <errno.h>
#include <infiniband/pinsafe.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "file_facts.h"
#include "machine/lease_provider.h"
#include "rdma_netlink.h"
#include "selftest.h"
#include "selftest_file.h"
#include "selftest_helper.h"
#include "selftest_peer.h"

#define VALUE 0x70696e73616665ULL
#define ACCESS (IBV_ACCESS_LOCAL_WRITE | IBV_ACCESS_REMOTE_WRITE)

enum { C1 = 1, C2, C3, C4, C5, C6, C7, N_PROMISES };

struct selftest {
	struct test_file file;
	struct peer peer;
	struct helper child;
	void *addr;
	int access;
	struct ibv_mr *mr; /* NULL while there is none */
	json_object *report;
	json_object *steps;
	bool is_asked[N_PROMISES], is_broken[N_PROMISES];
	bool has_failed;
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

/* Of a step that began at @begin; @promise is what it is about, or 0 */
static bool step(struct selftest *test, const char *name, double begin,
		 int promise, bool is_ok, const char *detail)
{
	json_object *object = report_append(test->steps);
	char ms[32];

	snprintf(ms, sizeof(ms), "%.1f", now_ms() - begin);
	report_string(object, "step", name);
	report_bool(object, "ok", is_ok);
	report_add(object, "ms",
		   json_object_new_double_s(now_ms() - begin, ms));
	report_string(object, "detail", detail);
	test->is_asked[promise] = true;
	test->is_broken[promise] |= !is_ok;
	test->has_failed |= !is_ok;
	return is_ok;
}

static struct pinsafe_stats stats(void)
{
	struct pinsafe_stats now = {0};

	pinsafe_get_stats(&now, sizeof(now));
	return now;
}

/* How many memory regions of this length the kernel has for us; -1: unknown */
static int count_kernel_mrs(const struct selftest *test)
{
	struct rdma_mrs mrs;
	int n = 0;
	size_t i;

	if (rdma_netlink_mrs(&mrs))
		return -1;
	for (i = 0; i < mrs.n; i++)
		n += mrs.mrs[i].tid == getpid() &&
		     mrs.mrs[i].length == test->file.size;
	rdma_mrs_put(&mrs);
	return n;
}

static void check_anonymous(struct selftest *test)
{
	uint64_t before = stats().registrations;
	double begin = now_ms();
	struct ibv_mr *mr;
	void *memory;
	bool is_ok;

	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return;
	mr = ibv_reg_mr(test->peer.pd, memory, 4096, ACCESS);
	is_ok = mr && stats().registrations == before && !ibv_dereg_mr(mr);
	step(test, "register anonymous memory", begin, C7, is_ok,
	     is_ok ? "as without pinsafe" : "not as without pinsafe");
	munmap(memory, 4096);
}

/* 0, or the errno of the registration */
static int register_file(struct selftest *test, const char *name, int promise)
{
	double begin = now_ms();
	char detail[100];
	bool is_full;
	int r;

	errno = 0;
	test->mr =
		ibv_reg_mr(test->peer.pd, test->addr, test->file.size,
			   test->access);
	r = test->mr ? 0 : errno ? errno : EIO;
	if (r) {
		snprintf(detail, sizeof(detail), "refused with %s",
			 strerrorname_np(r));
		step(test, name, begin, promise, promise == C6, detail);
		return r;
	}
	step(test, name, begin, promise == C6 ? 0 : promise, true, NULL);
	/* A page cache has pages for holes that are read. */
	if (test->access != ACCESS)
		return 0;
	begin = now_ms();
	is_full = lseek(test->file.fd, 0, SEEK_HOLE) == test->file.size;
	step(test, "look for holes in the file", begin, C1, is_full,
	     is_full ? "all blocks are allocated" : "there is one");
	return 0;
}

static void write_by_rdma(struct selftest *test, uint32_t rkey,
			  bool should_work)
{
	enum ibv_wc_status status = IBV_WC_SUCCESS;
	double begin = now_ms();
	uint64_t seen = 0;
	bool is_ok;
	int r;

	r = peer_write(&test->peer, test->addr, rkey, VALUE, &status);
	if (!r && should_work &&
	    pread(test->file.fd, &seen, sizeof(seen), 0) != sizeof(seen))
		seen = 0;
	is_ok = !r && (should_work ? !status && seen == VALUE
				   : status == IBV_WC_REM_ACCESS_ERR);
	step(test,
	     should_work ? "RDMA WRITE into the file"
			 : "RDMA WRITE with the old key",
	     begin, should_work ? 0 : C3, is_ok,
	     r ? strerror(r) : ibv_wc_status_str(status));
}

static void read_by_rdma(struct selftest *test, uint32_t rkey, bool should_work)
{
	enum ibv_wc_status status = IBV_WC_SUCCESS;
	uint64_t value = VALUE, seen = 0;
	double begin = now_ms();
	bool is_ok;
	int r;

	if (should_work &&
	    pwrite(test->file.fd, &value, sizeof(value), 0) != sizeof(value))
		value = 0;
	r = peer_read(&test->peer, test->addr, rkey, &seen, &status);
	is_ok = !r && (should_work ? !status && seen == VALUE && value
				   : status == IBV_WC_REM_ACCESS_ERR);
	step(test,
	     should_work ? "RDMA READ of the file"
			 : "RDMA READ with the old key",
	     begin, should_work ? 0 : C3, is_ok,
	     r ? strerror(r) : ibv_wc_status_str(status));
}

static void transfer(struct selftest *test, uint32_t rkey, bool should_work)
{
	if (test->access == ACCESS)
		write_by_rdma(test, rkey, should_work);
	else
		read_by_rdma(test, rkey, should_work);
}

/* Under a layout lease others may use the file. */
static void read_beside_it(struct selftest *test)
{
	uint64_t breaks = stats().breaks;
	double begin = now_ms();
	int r;

	if (!stats().registered_layout)
		return;
	r = helper_ask(&test->child, 'c');
	step(test, "read by another process", begin, C2,
	     !r && stats().breaks == breaks,
	     r			       ? strerror(r)
	     : stats().breaks == breaks ? "it breaks nothing"
					: "the lease was broken");
	transfer(test, test->mr->rkey, true);
}

/* Somebody takes the blocks away: it must succeed, after the memory region. */
static void break_it(struct selftest *test, char what, const char *name)
{
	uint64_t breaks = stats().breaks;
	uint32_t rkey = test->mr->rkey;
	double begin = now_ms();
	int r, left;

	r = helper_ask(&test->child, what);
	left = count_kernel_mrs(test);
	step(test, name, begin, C2, !r, r ? strerror(r) : "it went on");
	begin = now_ms();
	step(test, "look for the memory region in the kernel", begin, C2,
	     left <= 0 && !stats().guarded_mrs,
	     left < 0 ? "the kernel does not tell"
	     : left   ? "it is still there"
		      : "it is gone");
	begin = now_ms();
	step(test, "look for the break in the counters", begin, C4,
	     stats().breaks > breaks, NULL);
	transfer(test, rkey, false);
	begin = now_ms();
	r = ibv_dereg_mr(test->mr);
	step(test, "deregister", begin, 0, !r, r ? strerror(r) : NULL);
	test->mr = NULL;
}

/* The module guards its page cache, which a device must not write to. */
static bool is_for_reading(const struct selftest *test)
{
	struct lease_provider provider;
	struct file_facts facts;

	lease_provider_find(&provider);
	return !file_facts_of_fd(test->file.fd, &facts) &&
	       facts.kind == FILE_PAGE_CACHE &&
	       lease_provider_has_page_caches(&provider, facts.fs_name);
}

static const char *run(struct selftest *test, int *ret_error)
{
	uint64_t before = stats().registrations;
	int r;

	check_anonymous(test);
	r = register_file(test, "register the file", C6);
	if (r && is_for_reading(test)) {
		test->access = IBV_ACCESS_REMOTE_READ;
		r = register_file(test, "register it for reading", C6);
	}
	*ret_error = r;
	if (r)
		return "refused";
	if (stats().registrations == before)
		return "unprotected";
	transfer(test, test->mr->rkey, true);
	read_beside_it(test);
	break_it(test, 't', "truncate by another process");
	if (ftruncate(test->file.fd, test->file.size) ||
	    register_file(test, "register again", C5))
		return "failed";
	transfer(test, test->mr->rkey, true);
	break_it(test, 'p', "punch a hole by another process");
	return test->has_failed ? "failed" : "protected";
}

static void report_promises(const struct selftest *test)
{
	json_object *promises = json_object_new_object();
	char name[3] = "C?";
	int i;

	report_add(test->report, "promises", promises);
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
	test->access = ACCESS;
	*ret_verdict = run(test, &error);
	report_string(test->report, "access",
		      test->access == ACCESS ? "write" : "read");
	report_string(test->report, "verdict", *ret_verdict);
	report_string(test->report, "errno",
		      error ? strerrorname_np(error) : NULL);
	if (test->mr)
		ibv_dereg_mr(test->mr);
	munmap(test->addr, test->file.size);
	return 0;
}

static int test_on_device(struct selftest *test, const char *device,
			  const char **ret_verdict)
{
	int r;

	r = helper_start(&test->file, &test->child);
	if (r)
		return fail("starting a child", NULL, r);
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
	helper_stop(&test->child);
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
	double begin;
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

	begin = now_ms();
	restored = test_file_restore(&test.file);
	step(&test,
	     test.file.is_scratch ? "remove the scratch file"
				  : "restore the file and compare",
	     begin, 0, !restored, restored ? strerror(restored) : NULL);
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
