// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A program that hears of a break in time ends its transfers and releases the
 * region, and the other process truncates before the deadline; a program that
 * does not answer loses the region at the deadline.  What is restored has keys
 * of its own, and the old ones never work again.
 *
 *   api-events DIR
 */
#include <unistd.h>

#include "child.h"
#include "events.h"
#include "stream.h"
#include "t.h"

#define FILE_LEN (64UL << 10)
#define STEP_MS 30000
#define GRACE_MS 4000 /* of a lease-break-time of 10 s */
#define SHORT_GRACE_MS 700

struct test {
	struct verbs verbs;
	struct region region;
	struct t_child truncater;
	struct stream stream;
	struct pinsafe_event_channel *channel;
};

static void extend(struct test *t)
{
	if (ftruncate(t->region.fd, FILE_LEN))
		t_bail("extending the file");
}

/* Drain the stream, then let the region go. */
static void check_answered(struct test *t)
{
	const char *what = "answered";
	struct t_child_result truncate;
	uint64_t deadline_ns;

	events_register(&t->region, &t->verbs, t->channel, GRACE_MS);
	stream_start(&t->stream, &t->verbs, t->region.addr, FILE_LEN,
		     t->region.mr->rkey);
	t_ok(stream_wait_successes(&t->stream, 10, STEP_MS),
	     "%s: the stream runs", what);
	t_child_go(&t->truncater, 0);
	deadline_ns = events_expect(t->channel, PINSAFE_EVENT_BREAK, &t->region,
				    "break");
	t_ok(deadline_ns > t_now_ns(), "%s: %.0f ms are left", what,
	     t_ms(deadline_ns - t_now_ns()));
	t_ok(!t_child_returned(&t->truncater), "%s: truncate waits", what);
	stream_stop(&t->stream);
	t_ok(!stream_refusals(&t->stream), "%s: no transfer has failed", what);
	t_zero(pinsafe_release(t->region.mr), "%s: pinsafe_release", what);
	if (!t_child_wait(&t->truncater, STEP_MS, &truncate))
		t_bail("truncate does not return");
	t_zero(truncate.err, "%s: truncate after %.0f ms", what,
	       t_ms(truncate.end_ns - truncate.begin_ns));
	t_ok(truncate.end_ns < deadline_ns, "%s: before the deadline", what);
	events_expect(t->channel, PINSAFE_EVENT_REVOKED, &t->region, "revoked");
}

static void check_restored(struct test *t)
{
	struct region *region = &t->region;
	struct ibv_mr *old = region->mr, *restored;
	uint32_t old_key = old->rkey;

	extend(t);
	if (!t_zero(pinsafe_mr_restore(old, STEP_MS, 0, &restored), "restore"))
		t_bail("nothing to go on with");
	t_ok(restored->rkey != old_key && restored->lkey != old->lkey,
	     "restore: the keys are new");
	region->mr = restored;
	region_check_arrives(region, &t->verbs, "restore");
	events_check_key_dead(&t->verbs, region->addr, old_key, "old key");
	t_zero(ibv_dereg_mr(old), "ibv_dereg_mr of the old region");
	events_check_key_dead(&t->verbs, region->addr, old_key,
			      "old key after that");
	region_check_arrives(region, &t->verbs, "restored still");
	region_deregister(region);
	t_ok(region_wait_no_lease(region, STEP_MS), "no lease is left");
}

static void check_unanswered(struct test *t)
{
	const char *what = "unanswered";
	struct t_child_result truncate;
	uint64_t deadline_ns;

	events_register(&t->region, &t->verbs, t->channel, SHORT_GRACE_MS);
	t_child_go(&t->truncater, 0);
	deadline_ns = events_expect(t->channel, PINSAFE_EVENT_BREAK, &t->region,
				    what);
	if (!t_child_wait(&t->truncater, STEP_MS, &truncate))
		t_bail("truncate does not return");
	t_zero(truncate.err, "%s: truncate after %.0f ms", what,
	       t_ms(truncate.end_ns - truncate.begin_ns));
	t_ok(truncate.end_ns >= deadline_ns, "%s: not before the deadline",
	     what);
	t_ok(t_ms(truncate.end_ns - truncate.begin_ns) < guard_break_time_ms(),
	     "%s: but before the end of lease-break-time", what);
	events_expect(t->channel, PINSAFE_EVENT_REVOKED, &t->region, what);
	extend(t);
	region_check_revoked(&t->region, &t->verbs, what);
	region_deregister(&t->region);
}

int main(int argc, char **argv)
{
	static char path[FILES_PATH_MAX];
	static struct test t;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(path, argv[1], "events");
	t_child_start(&t.truncater, region_truncate, path);
	stream_fork_peer(&t.stream);
	region_create(&t.region, argv[1], "events", FILE_LEN);
	events_open(&t.verbs);
	t.channel = pinsafe_create_event_channel();
	if (!t.channel)
		t_bail("pinsafe_create_event_channel");

	check_answered(&t);
	check_restored(&t);
	check_unanswered(&t);
	t_ok(!guard_stats().lost_leases, "no lease was lost");

	t_zero(pinsafe_destroy_event_channel(t.channel), "end of the channel");
	region_destroy(&t.region);
	t_zero(verbs_close(&t.verbs), "closing the device");
	t_child_stop(&t.truncater);
	return t_done();
}
