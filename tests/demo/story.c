// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The story that scripts/demo tells, in a guest: a peer streams RDMA WRITEs
 * into a memory region over a file, another process truncates the file, and
 * the blocks are given to a victim file.
 *
 *   story guarded|control DIR
 *
 * "guarded" runs with pinsafe preloaded; "control" runs without, on the kernel
 * that lacks the lease rule.  Prints sentences for a person, and one line
 * "result key=value ..." for the script.  Exits with 0 if all went as told.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "child.h"
#include "files.h"
#include "guard.h"
#include "stream.h"
#include "t.h"
#include "verbs.h"
#include "victim.h"

#define FILE_LEN (4UL << 20)
#define VICTIM_MAX (8UL << 20)
#define SLACK (1UL << 20) /* left free on the file system */

static char target[FILES_PATH_MAX], victim[FILES_PATH_MAX];
static uint64_t start_ns;

/* Written by the process that truncates */
struct outcome {
	uint64_t begin_ns, end_ns; /* of truncate(2) */
	size_t victim_len;
};

static void say_at(uint64_t ns, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

static struct event {
	uint64_t ns;
	char text[200];
} events[16];
static size_t n_events;

/* Told in the order in which things happened, not in which we learnt of them */
static void say_at(uint64_t ns, const char *fmt, ...)
{
	struct event *event = &events[n_events++];
	va_list args;

	event->ns = ns;
	va_start(args, fmt);
	vsnprintf(event->text, sizeof(event->text), fmt, args);
	va_end(args);
}

static int compare(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	return x->ns < y->ns ? -1 : x->ns > y->ns;
}

static void tell(void)
{
	size_t i;

	qsort(events, n_events, sizeof(events[0]), compare);
	for (i = 0; i < n_events; i++)
		printf("  %9.1f ms  %s\n",
		       ((double)events[i].ns - (double)start_ns) / 1e6,
		       events[i].text);
	n_events = 0;
	fflush(stdout);
}

static int truncate_target(void *arg, long param)
{
	struct outcome *outcome = arg;
	int err;

	outcome->begin_ns = t_now_ns();
	err = truncate(target, 0) ? errno : 0;
	outcome->end_ns = t_now_ns();
	if (err)
		return err;
	return victim_write(victim, VICTIM_MAX, &outcome->victim_len);
}

/* A new registration of the same range works, and its data reaches the file */
static bool reregister(struct verbs *verbs, void *addr, int fd)
{
	static char data[STREAM_WRITE_SIZE];
	struct ibv_mr *mr;
	bool ok;

	memset(data, 'R', sizeof(data));
	if (truncate(victim, 0) || ftruncate(fd, FILE_LEN))
		return false;
	mr = ibv_reg_mr(verbs->pd, addr, FILE_LEN, VERBS_ACCESS);
	if (!mr)
		return false;
	ok = verbs_write_once(verbs, data, sizeof(data), addr, mr->rkey) ==
		     IBV_WC_SUCCESS &&
	     !files_count_other(fd, 0, sizeof(data), 'R');
	return !ibv_dereg_mr(mr) && ok;
}

static bool tell_guarded(struct stream *stream, const struct outcome *outcome)
{
	struct pinsafe_stats stats = guard_stats();
	bool refused = stream_wait_refusals(stream, 50, 30000);
	uint64_t last, error;

	stream_stop(stream);
	last = stream_last_success_ns(stream);
	error = stream_first_error_ns(stream);
	say_at(outcome->end_ns,
	       "the kernel has broken the lease, %llu memory region was revoked within %.1f ms; truncate returned after %.1f ms",
	       (unsigned long long)stats.revoked_mrs,
	       t_ms(stats.last_revoke_ns),
	       t_ms(outcome->end_ns - outcome->begin_ns));
	say_at(error, "the sender's first error: %s",
	       ibv_wc_status_str(stream_first_error(stream)));
	say_at(t_now_ns(),
	       "%llu more writes on fresh connections: all refused, the last good one was posted %.1f ms before truncate returned",
	       (unsigned long long)stream_refusals(stream),
	       ((double)outcome->end_ns - (double)last) / 1e6);
	return refused && stats.breaks == 1 && stats.revoked_mrs == 1 &&
	       last < outcome->end_ns;
}

static bool tell_control(struct stream *stream, uint64_t n_before,
			 uint64_t *ret_lost)
{
	bool went_on = stream_wait_successes(stream, 1500, 30000);

	stream_stop(stream);
	*ret_lost = (stream_successes(stream) - n_before) * STREAM_WRITE_SIZE;
	say_at(t_now_ns(),
	       "the sender was told \"success\" for another %llu bytes, which the file never gets",
	       (unsigned long long)*ret_lost);
	return went_on;
}

static bool run(bool guarded, const char *dir)
{
	struct outcome *outcome = t_shared(sizeof(*outcome));
	struct t_child_result result;
	struct victim_damage damage;
	struct t_child child;
	struct stream stream;
	struct verbs verbs;
	struct utsname uts;
	struct ibv_mr *mr;
	uint64_t n_before, lost = 0;
	bool ok, again = false;
	void *addr;
	int fd;

	t_child_start(&child, truncate_target, outcome);
	stream_fork_peer(&stream);
	fd = files_create(target, FILE_LEN, 'T');
	addr = files_map(fd, FILE_LEN);
	victim_create(victim);
	files_fill_up(dir, "filler", SLACK);
	verbs_open(&verbs);

	start_ns = t_now_ns();
	mr = ibv_reg_mr(verbs.pd, addr, FILE_LEN, VERBS_ACCESS);
	if (!mr)
		t_bail("ibv_reg_mr");
	say_at(t_now_ns(), "memory region over %s registered, %s", target,
	       guard_leases(fd).held ? "under a layout lease" :
				       "with no lease: nothing protects it");
	stream_start(&stream, &verbs, addr, FILE_LEN, mr->rkey);
	if (!stream_wait_successes(&stream, 100, 60000))
		t_bail("the peer's writes do not flow");
	n_before = stream_successes(&stream);
	say_at(t_now_ns(),
	       "a peer streams RDMA WRITEs into it: %llu bytes so far",
	       (unsigned long long)n_before * STREAM_WRITE_SIZE);
	tell();

	t_child_go(&child, 0);
	if (!t_child_wait(&child, 60000, &result) || result.err)
		t_bail("truncate: %s", t_errname(result.err));
	n_before = stream_successes(&stream);
	say_at(outcome->begin_ns, "another process: truncate(\"%s\", 0)",
	       target);
	if (guarded) {
		ok = tell_guarded(&stream, outcome);
	} else {
		say_at(outcome->end_ns, "truncate returned");
		ok = tell_control(&stream, n_before, &lost);
	}

	damage = victim_check(victim, outcome->victim_len);
	say_at(t_now_ns(),
	       "the freed blocks belong to a victim file of %zu bytes by now: %llu of them are damaged",
	       outcome->victim_len, (unsigned long long)damage.read);
	ok &= guarded ? !damage.read : damage.read > 0;
	if (ibv_dereg_mr(mr))
		ok = false;
	if (guarded) {
		again = reregister(&verbs, addr, fd);
		say_at(t_now_ns(),
		       "the program registers the file again: %s",
		       again ? "the lease is back and data lands in the file" :
			       "FAILED");
		ok &= again;
	}
	tell();

	uname(&uts);
	printf("result kind=%s kernel=%s filesystem=%s bytes_written=%llu mrs_revoked=%llu revoke_ms=%.3f truncate_ms=%.3f bytes_corrupted=%llu reregistered=%d bytes_lost=%llu\n",
	       guarded ? "guarded" : "control", uts.release,
	       files_fs_name(dir),
	       (unsigned long long)stream_successes(&stream) *
		       STREAM_WRITE_SIZE,
	       (unsigned long long)guard_stats().revoked_mrs,
	       t_ms(guard_stats().last_revoke_ns),
	       t_ms(outcome->end_ns - outcome->begin_ns),
	       (unsigned long long)damage.read, again,
	       (unsigned long long)lost);
	t_child_stop(&child);
	return ok && !verbs_close(&verbs);
}

int main(int argc, char **argv)
{
	bool guarded = argc == 3 && !strcmp(argv[1], "guarded");

	if (!guarded && (argc != 3 || strcmp(argv[1], "control")))
		t_bail("usage: guarded|control DIR");
	files_path(target, argv[2], "demo");
	files_path(victim, argv[2], "victim");
	return run(guarded, argv[2]) ? 0 : 1;
}
