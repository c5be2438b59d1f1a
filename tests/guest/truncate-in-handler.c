// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A signal handler of the program that truncates the guarded file itself
 * returns soon, whatever the interrupted thread was doing in the library.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/time.h>
#include <unistd.h>

#include "region.h"
#include "t.h"

#define FILE_LEN (1UL << 20)
#define TICK_US 7000
#define RUN_NS 8000000000ULL

static struct region region;
static atomic_int truncates, failures;
static _Atomic uint64_t longest_ns;

static void on_alarm(int number)
{
	uint64_t begin = t_now_ns(), ns;
	int saved_errno = errno;

	if (truncate(region.path, 0) || truncate(region.path, FILE_LEN))
		failures++;
	truncates++;
	ns = t_now_ns() - begin;
	if (ns > longest_ns)
		longest_ns = ns;
	errno = saved_errno;
}

static void check_truncates(const char *what)
{
	t_ok(truncates > 0 && !failures, "%s: %d truncates, %d failed", what,
	     truncates, failures);
	t_ok(longest_ns < guard_break_time_ms() * 1000000ULL / 2,
	     "%s: the longest took %.0f ms", what, t_ms(longest_ns));
	truncates = 0;
	longest_ns = 0;
}

static void set_ticks(long us)
{
	struct itimerval timer = {{0, us}, {0, us}};

	if (setitimer(ITIMER_REAL, &timer, NULL))
		t_bail("setitimer");
}

static void register_under_fire(struct verbs *verbs)
{
	uint64_t end = t_now_ns() + RUN_NS;
	int registered = 0, refused = 0, failed = 0;
	struct ibv_mr *mr;

	set_ticks(TICK_US);
	while (t_now_ns() < end) {
		mr = ibv_reg_mr(verbs->pd, region.addr, FILE_LEN, VERBS_ACCESS);
		if (!mr)
			refused++;
		else if (ibv_dereg_mr(mr))
			failed++;
		else
			registered++;
	}
	set_ticks(0);
	check_truncates("during registrations");
	t_ok(registered > 0, "%d registrations, %d refused", registered,
	     refused);
	t_ok(!failed, "ibv_dereg_mr failed %d times", failed);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = on_alarm,
				   .sa_flags = SA_RESTART};
	struct verbs verbs;

	if (argc != 2)
		t_bail("usage: DIR");
	region_create(&region, argv[1], "in-handler", FILE_LEN);
	sigaction(SIGALRM, &action, NULL);
	verbs_open(&verbs);

	region_register(&region, &verbs);
	raise(SIGALRM);
	check_truncates("while a region is alive");
	region_check_revoked(&region, &verbs, "afterwards");
	region_deregister(&region);

	register_under_fire(&verbs);
	t_ok(!guard_stats().guarded_mrs && !guard_stats().zombie_mrs,
	     "no region is left");
	t_ok(!guard_leases(region.fd).held, "no lease is left");
	region_register(&region, &verbs);
	region_check_alive(&region, &verbs, "at the end");
	region_destroy(&region);
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
