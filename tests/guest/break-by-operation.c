// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * When another process takes blocks away from a file while a peer writes into
 * a memory region over them, the operation succeeds in time, the region is
 * revoked before, and the blocks' next owner never sees a write of the peer.
 *
 *   break-by-operation [--expect-damage] DIR OPERATION
 *
 * With --expect-damage the program is the control: on a kernel without the
 * lease rule, and without pinsafe, the same scenario must do damage.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "files.h"
#include "guard.h"
#include "stream.h"
#include "t.h"
#include "verbs.h"
#include "victim.h"

#define STREAMED (4UL << 20) /* written by the peer, taken by the operation */
#define FILE_LEN (STREAMED + (1UL << 20))
#define SLACK (1UL << 20) /* left free: operations need blocks of their own */
#define VICTIM_MAX (8UL << 20)

static char target[FILES_PATH_MAX], victim[FILES_PATH_MAX];

/* Written by the process that operates */
struct outcome {
	uint64_t begin_ns, end_ns; /* of the operation alone */
	size_t victim_len;
};

static int op_truncate(int fd)
{
	return truncate(target, 0);
}

static int op_ftruncate(int fd)
{
	return ftruncate(fd, 0);
}

static int op_open_trunc(int fd)
{
	int other = open(target, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (other < 0)
		return -1;
	return close(other);
}

static int op_punch_hole(int fd)
{
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			 STREAMED);
}

static int op_collapse_range(int fd)
{
	return fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 0, STREAMED);
}

static int op_zero_range(int fd)
{
	return fallocate(fd, FALLOC_FL_ZERO_RANGE, 0, STREAMED);
}

static const struct operation {
	const char *name;
	int (*run)(int fd);
	bool frees;  /* blocks leave the file for good */
	bool zeroes; /* the range stays and must read as zeros */
} operations[] = {
	{"truncate", op_truncate, true, false},
	{"ftruncate", op_ftruncate, true, false},
	{"open-trunc", op_open_trunc, true, false},
	{"punch-hole", op_punch_hole, true, true},
	{"collapse-range", op_collapse_range, true, false},
	{"zero-range", op_zero_range, false, true},
};

static const struct operation *operation;

static const struct operation *find_operation(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(operations) / sizeof(operations[0]); i++)
		if (!strcmp(operations[i].name, name))
			return &operations[i];
	errno = EINVAL;
	t_bail("no operation %s", name);
}

/* The other process: the operation, and at once a new owner of the blocks */
static int operate(void *arg, long param)
{
	struct outcome *outcome = arg;
	int err, fd = open(target, O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return errno;
	outcome->begin_ns = t_now_ns();
	err = operation->run(fd) ? errno : 0;
	outcome->end_ns = t_now_ns();
	close(fd);
	if (err)
		return err;
	return victim_write(victim, VICTIM_MAX, &outcome->victim_len);
}

/* Blocks of the victim that the peer's memory region covered */
static uint64_t reallocated(const struct victim_blocks *before)
{
	struct victim_blocks now;
	int fd = open(victim, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		t_bail("opening the victim");
	victim_find_blocks(fd, VICTIM_MAX, &now);
	close(fd);
	return victim_overlap(before, &now);
}

static void check_guarded(struct stream *stream, int fd, struct ibv_mr *mr,
			  const struct outcome *outcome)
{
	struct victim_damage damage;
	struct pinsafe_stats stats;
	bool kept_trying;
	uint64_t last;

	kept_trying = stream_wait_refusals(stream, 200, 60000);
	t_ok(kept_trying,
	     "the peer kept trying: %llu writes on fresh queue pairs refused",
	     (unsigned long long)stream_refusals(stream));
	t_ok(stream_first_error(stream) != IBV_WC_SUCCESS,
	     "the peer saw an error completion: %s, %.1f ms after the "
	     "operation began",
	     ibv_wc_status_str(stream_first_error(stream)),
	     ((double)stream_first_error_ns(stream) - outcome->begin_ns) / 1e6);
	stream_stop(stream);
	last = stream_last_success_ns(stream);
	t_ok(last < outcome->end_ns,
	     "no write posted after the operation returned succeeded: the "
	     "last good one was posted %.1f ms before",
	     ((double)outcome->end_ns - last) / 1e6);

	damage = victim_check(victim, outcome->victim_len);
	t_ok(!damage.read && !damage.direct && !damage.mapped,
	     "the victim's %zu bytes are what was written (%llu differ by "
	     "read, %llu by O_DIRECT, %llu in a mapping)",
	     outcome->victim_len, (unsigned long long)damage.read,
	     (unsigned long long)damage.direct,
	     (unsigned long long)damage.mapped);
	if (operation->zeroes)
		t_ok(!files_count_other(fd, 0, STREAMED, 0),
		     "the range reads as zeros");

	guard_wait_revoked(1, 5000);
	stats = guard_stats();
	t_ok(stats.breaks == 1 && stats.revoked_mrs == 1 &&
		     stats.zombie_mrs == 1,
	     "one break, one region revoked, in %.1f ms",
	     t_ms(stats.last_revoke_ns));
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr of the revoked region");
	t_ok(!guard_leases(fd).held, "no lease is left");
}

static void check_damage(struct stream *stream, int fd, struct ibv_mr *mr,
			 const struct outcome *outcome)
{
	struct victim_damage damage;
	uint64_t lost;
	bool went_on;

	went_on = stream_wait_successes(stream, 1500, 60000);
	t_ok(went_on, "writes go on: %llu so far",
	     (unsigned long long)stream_successes(stream));
	stream_stop(stream);
	t_ok(stream_last_success_ns(stream) > outcome->end_ns,
	     "writes posted after the operation returned succeed");

	damage = victim_check(victim, outcome->victim_len);
	if (operation->frees) {
		t_ok(damage.read && damage.stream,
		     "the victim is damaged: %llu of %zu bytes, %llu words "
		     "of the peer",
		     (unsigned long long)damage.read, outcome->victim_len,
		     (unsigned long long)damage.stream);
	} else {
		lost = STREAMED - files_count_other(fd, 0, STREAMED, 0);
		t_ok(lost || damage.read,
		     "data is lost: %llu bytes of successful writes read as "
		     "zeros; the victim has %llu bad bytes",
		     (unsigned long long)lost, (unsigned long long)damage.read);
	}
	t_zero(ibv_dereg_mr(mr), "ibv_dereg_mr");
}

static void run(const char *dir, bool expect_damage)
{
	struct outcome *outcome = t_shared(sizeof(*outcome));
	struct victim_blocks before;
	struct t_child_result res;
	struct t_child child;
	struct stream stream;
	struct verbs verbs;
	struct ibv_mr *mr;
	uint64_t took_ns;
	void *addr;
	int fd;

	t_child_start(&child, operate, outcome);
	stream_fork_peer(&stream);
	fd = files_create(target, FILE_LEN, 'T');
	addr = files_map(fd, FILE_LEN);
	victim_find_blocks(fd, STREAMED, &before);
	victim_create(victim);
	files_fill_up(dir, "filler", SLACK);

	verbs_open(&verbs);
	mr = ibv_reg_mr(verbs.pd, addr, FILE_LEN, VERBS_ACCESS);
	if (!mr)
		t_bail("ibv_reg_mr");
	t_ok(guard_leases(fd).held == !expect_damage,
	     "registered, with %s lease", expect_damage ? "no" : "one");
	stream_start(&stream, &verbs, addr, STREAMED, mr->rkey);
	if (!stream_wait_successes(&stream, 100, 60000))
		t_bail("the peer's writes do not flow");

	t_child_go(&child, 0);
	if (!t_child_wait(&child, 120000, &res))
		t_bail("%s has not returned", operation->name);
	took_ns = outcome->end_ns - outcome->begin_ns;
	t_zero(res.err, "%s by another process", operation->name);
	t_ok(took_ns < guard_break_time_ms() * 1000000ULL,
	     "it took %.1f ms, less than lease-break-time", t_ms(took_ns));
	t_ok(!operation->frees || reallocated(&before),
	     "the victim of %zu bytes was given %llu bytes of the freed blocks",
	     outcome->victim_len, (unsigned long long)reallocated(&before));

	if (expect_damage)
		check_damage(&stream, fd, mr, outcome);
	else
		check_guarded(&stream, fd, mr, outcome);
	t_zero(verbs_close(&verbs), "closing the device");
	t_child_stop(&child);
}

int main(int argc, char **argv)
{
	bool expect_damage = argc > 1 && !strcmp(argv[1], "--expect-damage");

	argv += expect_damage;
	argc -= expect_damage;
	if (argc != 3)
		t_bail("usage: [--expect-damage] DIR OPERATION");
	operation = find_operation(argv[2]);
	files_path(target, argv[1], "target");
	files_path(victim, argv[1], "victim");
	t_note("%s on %s, pinsafe %s", operation->name, files_fs_name(argv[1]),
	       guard_loaded() ? "loaded" : "not loaded");
	run(argv[1], expect_damage);
	return t_done();
}
