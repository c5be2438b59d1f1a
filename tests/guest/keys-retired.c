// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * After a break a peer goes on writing with the keys that it was given, while
 * the program registers a thousand memory regions: none of the writes succeeds,
 * and no new region has an old key.
 *
 *   keys-retired DIR
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "guard.h"
#include "region.h"
#include "stream.h"
#include "t.h"

#define FILE_LEN (256UL << 10)
#define REGIONS 4	/* over the file, revoked by one break */
#define NEW_REGIONS 1000
#define FILE_EVERY 10	/* of the new ones are over the file, else anonymous */
#define PROBE_EVERY 50

struct test {
	struct verbs verbs;
	struct region region;
	struct ibv_mr *old[REGIONS];
	uint32_t old_keys[REGIONS];
	char *anonymous;
	int keys_again, stale_writes, registrations_failed;
	uint64_t operation_end_ns;
};

static bool is_old(const struct test *t, uint32_t key)
{
	int i;

	for (i = 0; i < REGIONS; i++)
		if (t->old_keys[i] == key)
			return true;
	return false;
}

static void register_old(struct test *t)
{
	int i;

	for (i = 0; i < REGIONS; i++) {
		t->old[i] = ibv_reg_mr(t->verbs.pd, t->region.addr, FILE_LEN,
				       VERBS_ACCESS);
		if (!t->old[i])
			t_bail("ibv_reg_mr");
		t->old_keys[i] = t->old[i]->rkey;
	}
}

/* With each old key, to the memory of the region that is alive now */
static void probe_old_keys(struct test *t, char *addr)
{
	uint64_t word = 0xdead;
	int i;

	for (i = 0; i < REGIONS; i++)
		t->stale_writes += !verbs_write_once(&t->verbs, &word,
						     sizeof(word), addr,
						     t->old_keys[i]);
}

static void register_new(struct test *t, int i)
{
	char *addr = i % FILE_EVERY ? t->anonymous : t->region.addr;
	struct ibv_mr *mr;

	mr = ibv_reg_mr(t->verbs.pd, addr, FILE_LEN, VERBS_ACCESS);
	if (!mr) {
		t->registrations_failed++;
		return;
	}
	t->keys_again += is_old(t, mr->rkey) || is_old(t, mr->lkey);
	if (i % PROBE_EVERY == 0)
		probe_old_keys(t, addr);
	t->registrations_failed += ibv_dereg_mr(mr) != 0;
}

static void check(struct test *t, struct stream *stream, uint64_t refusals)
{
	uint64_t last;

	t_ok(!t->registrations_failed, "%d of %d registrations failed",
	     t->registrations_failed, NEW_REGIONS);
	t_ok(!t->keys_again, "%d had a key that was revoked", t->keys_again);
	t_ok(!t->stale_writes, "%d of %d writes with old keys succeeded",
	     t->stale_writes, NEW_REGIONS / PROBE_EVERY * REGIONS);
	t_ok(stream_refusals(stream) > refusals,
	     "meanwhile %llu writes of the peer were refused",
	     (unsigned long long)(stream_refusals(stream) - refusals));
	stream_stop(stream);
	last = stream_last_success_ns(stream);
	t_ok(last && last < t->operation_end_ns,
	     "its last good one was posted %.1f ms before truncate returned",
	     ((double)t->operation_end_ns - last) / 1e6);
	t_ok(!stream_count_words(t->anonymous, FILE_LEN),
	     "nothing came to the new memory");
}

static void run(struct test *t, struct stream *stream, struct t_child *child)
{
	struct t_child_result res;
	uint64_t refusals;
	int i;

	res = t_child_run(child, 0, 60000);
	t_zero(res.err, "truncate");
	t->operation_end_ns = res.end_ns;
	if (ftruncate(t->region.fd, FILE_LEN))
		t_bail("growing the file again");
	t_ok(stream_wait_refusals(stream, 1, 60000), "the peer is refused");
	refusals = stream_refusals(stream);
	for (i = 0; i < NEW_REGIONS; i++)
		register_new(t, i);
	check(t, stream, refusals);
	for (i = 0; i < REGIONS; i++)
		t_zero(ibv_dereg_mr(t->old[i]), "ibv_dereg_mr of a zombie");
}

int main(int argc, char **argv)
{
	static struct test t;
	struct t_child child;
	struct stream stream;

	if (argc != 2)
		t_bail("usage: DIR");
	stream_fork_peer(&stream);
	region_create(&t.region, argv[1], "keys", FILE_LEN);
	t_child_start(&child, region_truncate, t.region.path);
	if (posix_memalign((void **)&t.anonymous, 4096, FILE_LEN))
		t_bail("out of memory");
	memset(t.anonymous, '.', FILE_LEN);
	verbs_open(&t.verbs);
	register_old(&t);
	stream_start(&stream, &t.verbs, t.region.addr, FILE_LEN, t.old_keys[0]);
	t_ok(stream_wait_successes(&stream, 1, 60000), "the peer writes");
	run(&t, &stream, &child);
	region_destroy(&t.region);
	free(t.anonymous);
	t_zero(verbs_close(&t.verbs), "closing the device");
	t_child_stop(&child);
	return t_done();
}
