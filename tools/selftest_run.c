// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* The steps of the self-test: what a program goes through, and who operates. */
#include <errno.h>
#include <infiniband/pinsafe.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file_facts.h"
#include "machine/lease_provider.h"
#include "rdma_netlink.h"
#include "selftest.h"

#define DEAF_S 10 /* not for longer */
#define VALUE 0x70696e73616665ULL
#define ACCESS SELFTEST_ACCESS

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

void selftest_begin(struct selftest *test)
{
	test->step_began_ms = now_ms();
}

void selftest_step(struct selftest *test, const char *name, int promise,
		   bool is_ok, const char *detail)
{
	json_object *object = report_append(test->steps);
	double took_ms = now_ms() - test->step_began_ms;
	char ms[32];

	snprintf(ms, sizeof(ms), "%.1f", took_ms);
	report_string(object, "step", name);
	report_bool(object, "ok", is_ok);
	report_add(object, "ms", json_object_new_double_s(took_ms, ms));
	report_string(object, "detail", detail);
	test->is_asked[promise] = true;
	test->is_broken[promise] |= !is_ok;
	test->has_failed |= !is_ok;
	selftest_begin(test);
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
		     mrs.mrs[i].length == SELFTEST_SIZE;
	rdma_mrs_put(&mrs);
	return n;
}

static void check_anonymous(struct selftest *test)
{
	uint64_t before = stats().registrations;
	struct ibv_mr *mr;
	void *memory;
	bool is_ok;

	memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return;
	mr = ibv_reg_mr(test->peer.pd, memory, 4096, ACCESS);
	is_ok = mr && stats().registrations == before && !ibv_dereg_mr(mr);
	selftest_step(test, "register anonymous memory", C7, is_ok,
		      is_ok ? "as without pinsafe" : "not as without pinsafe");
	munmap(memory, 4096);
}

/* 0, or the errno of the registration */
static int register_file(struct selftest *test, const char *name, int promise)
{
	char detail[100];
	bool is_full;
	int r;

	errno = 0;
	test->mr = ibv_reg_mr(test->peer.pd, test->addr, SELFTEST_SIZE,
			      test->access);
	r = test->mr ? 0 : errno ? errno : EIO;
	if (r) {
		snprintf(detail, sizeof(detail), "refused with %s",
			 strerrorname_np(r));
		selftest_step(test, name, promise, promise == C6, detail);
		return r;
	}
	selftest_step(test, name, promise == C6 ? 0 : promise, true, NULL);
	/* A page cache has pages for holes that are read. */
	if (test->access != ACCESS)
		return 0;
	is_full = lseek(test->fd, 0, SEEK_HOLE) == SELFTEST_SIZE;
	selftest_step(test, "look for holes in the file", C1, is_full,
		      is_full ? "all blocks are allocated" : "there is one");
	return 0;
}

/* Writes into the file, or reads it where devices must not write */
static void transfer(struct selftest *test, uint32_t rkey, bool should_work)
{
	static const char *const names[2][2] = {
		{"RDMA READ with the old key", "RDMA READ of the file"},
		{"RDMA WRITE with the old key", "RDMA WRITE into the file"}};
	enum ibv_wc_status status = IBV_WC_SUCCESS;
	bool writes = test->access == ACCESS, is_ok;
	uint64_t value = VALUE, seen = VALUE;
	int r, fd = test->fd;

	if (!writes && should_work &&
	    pwrite(fd, &value, sizeof(value), 0) != sizeof(value))
		value = 0;
	r = peer_transfer(&test->peer, writes, test->addr, rkey, &seen, &status);
	if (writes && should_work &&
	    pread(fd, &seen, sizeof(seen), 0) != sizeof(seen))
		seen = 0;
	is_ok = !r && (should_work ? !status && seen == VALUE && value
				   : status == IBV_WC_REM_ACCESS_ERR);
	selftest_step(test, names[writes][should_work], should_work ? 0 : C3,
		      is_ok, r ? strerror(r) : ibv_wc_status_str(status));
}

/* Under a layout lease others may use the file. */
static void read_beside_it(struct selftest *test)
{
	uint64_t breaks = stats().breaks;
	int r;

	if (!stats().registered_layout)
		return;
	r = child_ask(&test->helper, CHILD_READS, 0);
	selftest_step(test, "read by another process", C2,
		      !r && stats().breaks == breaks,
		      r				 ? strerror(r)
		      : stats().breaks == breaks ? "it breaks nothing"
						 : "the lease was broken");
	transfer(test, test->mr->rkey, true);
}

/* Somebody takes the blocks away: it must succeed, after the memory region. */
static void break_it(struct selftest *test, enum child_does what,
		     const char *name)
{
	uint64_t breaks = stats().breaks;
	uint32_t rkey = test->mr->rkey;
	int r, left;

	r = child_ask(&test->helper, what, 0);
	left = count_kernel_mrs(test);
	selftest_step(test, name, C2, !r, r ? strerror(r) : "it went on");
	selftest_step(test, "look for the memory region in the kernel", C2,
		      left <= 0 && !stats().guarded_mrs,
		      left < 0 ? "the kernel does not tell"
		      : left   ? "it is still there"
			       : "it is gone");
	selftest_step(test, "look for the break in the counters", C4,
		      stats().breaks > breaks, NULL);
	transfer(test, rkey, false);
	r = ibv_dereg_mr(test->mr);
	selftest_step(test, "deregister", 0, !r, r ? strerror(r) : NULL);
	test->mr = NULL;
}

/*
 * Who does not answer loses the lease in the end, but neither pages nor blocks: the
 * operation is refused.  That takes fs.lease-break-time.
 */
static void ignore_break(struct selftest *test)
{
	const char *name = "truncate while a holder does not answer";
	unsigned long time = lease_break_time_s();
	char detail[100];
	struct stat st;
	int r;

	if (!stats().registered_layout)
		return;
	if (!time || time > DEAF_S) {
		snprintf(
			detail, sizeof(detail),
			"not tried: fs.lease-break-time is %lu s, more than %d",
			time, DEAF_S);
		selftest_step(test, name, 0, true, detail);
		return;
	}
	r = child_hold(&test->deaf, test->access);
	if (r) {
		selftest_step(test, "have another process hold", 0, false,
			      strerror(r));
		return;
	}
	r = child_ask(&test->helper, CHILD_TRUNCATES, 0);
	selftest_step(test, name, C2,
		      r == ETXTBSY && !fstat(test->fd, &st) &&
			      st.st_size == SELFTEST_SIZE,
		      r ? strerrorname_np(r) : "it went on");
}

/* The module guards its page cache, which a device must not write to. */
static bool is_for_reading(const struct selftest *test)
{
	struct lease_provider provider;
	struct file_facts facts;

	lease_provider_find(&provider);
	return !file_facts_of_fd(test->fd, &facts) &&
	       facts.kind == FILE_PAGE_CACHE &&
	       lease_provider_has_page_caches(&provider, facts.fs_name);
}

const char *selftest_run(struct selftest *test, int *ret_error)
{
	uint64_t before = stats().registrations;
	int r;

	selftest_begin(test);
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
	break_it(test, CHILD_TRUNCATES, "truncate by another process");
	if (ftruncate(test->fd, SELFTEST_SIZE) ||
	    register_file(test, "register again", C5))
		return "failed";
	transfer(test, test->mr->rkey, true);
	break_it(test, CHILD_PUNCHES, "punch a hole by another process");
	ignore_break(test);
	return test->has_failed ? "failed" : "protected";
}
