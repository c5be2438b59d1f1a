// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * After a break the program registers again and gets a new guard and new
 * keys; its later ibv_dereg_mr of the revoked region returns 0, frees the
 * struct and leaves alone every other region, above all one that was given
 * the same kernel handle.
 *
 *   reregister-after-break DIR
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "child.h"
#include "files.h"
#include "guard.h"
#include "t.h"
#include "verbs.h"

#define FILE_LEN (1UL << 20)
#define ROUNDS 105
#define WARM_ROUNDS 20	/* until the heap has its size */
#define LEAK_BYTES 4000 /* less than one ibv_mr in each of the other rounds */
#define MAX_ZOMBIES 5
#define INNOCENT_TRIES 16

struct test {
	struct verbs verbs;
	struct t_child child;
	int fd;
	char *addr;
	struct ibv_mr *mr; /* alive and guarded */
	struct ibv_mr *zombies[MAX_ZOMBIES];
	int n_zombies;
	struct ibv_mr *innocent;
	char *innocent_buf; /* anonymous memory */
	uint32_t old_keys[ROUNDS];
	/* What went wrong, counted: one line per round would be too many */
	int operations_failed, writes_failed, stale_writes, keys_again,
		leases_wrong, deregs_failed, innocents_hit;
	int handles_shared; /* rounds that had such an innocent */
	uint64_t slowest_ns;
};

static char path[FILES_PATH_MAX];

static int punch(void *arg, long param)
{
	return files_punch(path, FILE_LEN);
}

static int write_word(struct test *t, void *to, uint32_t rkey, uint32_t word)
{
	return verbs_write_once(&t->verbs, &word, sizeof(word), to, rkey);
}

/* A write through the living region reaches the file */
static bool region_works(struct test *t, uint32_t word)
{
	uint32_t found;

	return !write_word(t, t->addr + 4096, t->mr->rkey, word) &&
	       pread(t->fd, &found, sizeof(found), 4096) == sizeof(found) &&
	       found == word;
}

static bool innocent_works(struct test *t, uint32_t word)
{
	return !write_word(t, t->innocent_buf, t->innocent->rkey, word) &&
	       !memcmp(t->innocent_buf, &word, sizeof(word));
}

static void break_lease(struct test *t)
{
	struct t_child_result res = t_child_run(&t->child, 0, 60000);

	t->operations_failed += res.err != 0;
	if (res.end_ns - res.begin_ns > t->slowest_ns)
		t->slowest_ns = res.end_ns - res.begin_ns;
}

/* Register anonymous memory until a region has the handle of the zombie */
static void find_innocent(struct test *t, uint32_t handle)
{
	struct ibv_mr *others[INNOCENT_TRIES];
	int i, n = 0;

	t->innocent = NULL;
	while (!t->innocent && n < INNOCENT_TRIES) {
		others[n] = ibv_reg_mr(t->verbs.pd, t->innocent_buf, 4096,
				       VERBS_ACCESS);
		if (!others[n])
			t_bail("registering anonymous memory");
		if (others[n]->handle == handle)
			t->innocent = others[n];
		n++;
	}
	t->handles_shared += t->innocent != NULL;
	if (!t->innocent)
		t->innocent = others[0];
	for (i = 0; i < n; i++)
		if (others[i] != t->innocent)
			ibv_dereg_mr(others[i]);
}

static void dereg_zombies(struct test *t)
{
	while (t->n_zombies)
		t->deregs_failed +=
			ibv_dereg_mr(t->zombies[--t->n_zombies]) != 0;
}

static void reregister(struct test *t, int round)
{
	int i;

	t->mr = ibv_reg_mr(t->verbs.pd, t->addr, FILE_LEN, VERBS_ACCESS);
	if (!t->mr)
		t_bail("registering again in round %d", round);
	t->leases_wrong += guard_leases(t->fd).held != 1;
	for (i = 0; i <= round; i++)
		t->keys_again += t->mr->rkey == t->old_keys[i];
	t->writes_failed += !region_works(t, 2 * round);
}

static void one_round(struct test *t, int round)
{
	struct ibv_mr *zombie = t->mr;

	t->old_keys[round] = zombie->rkey;
	break_lease(t);
	t->leases_wrong += guard_leases(t->fd).held != 0;
	t->stale_writes += !write_word(t, t->addr, t->old_keys[round], 0xdead);
	t->zombies[t->n_zombies++] = zombie;
	find_innocent(t, zombie->handle);
	/* One zombie at once or several together, before or after the next */
	if (round % 3 == 0)
		dereg_zombies(t);
	reregister(t, round);
	if (round % 3 == 1 || t->n_zombies == MAX_ZOMBIES)
		dereg_zombies(t);
	t->innocents_hit += !innocent_works(t, round);
	t->writes_failed += !region_works(t, 2 * round + 1);
	t->deregs_failed += ibv_dereg_mr(t->innocent) != 0;
}

static void check(struct test *t, long grown)
{
	struct pinsafe_stats stats = guard_stats();

	t_ok(!t->operations_failed, "%d operations, %d failed", ROUNDS,
	     t->operations_failed);
	t_ok(t->slowest_ns < guard_break_time_ms() * 1000000ULL,
	     "the slowest took %.1f ms", t_ms(t->slowest_ns));
	t_ok(!t->stale_writes, "%d writes with a revoked key succeeded",
	     t->stale_writes);
	t_ok(!t->writes_failed, "%d times a new region did not work",
	     t->writes_failed);
	t_ok(!t->keys_again, "%d retired keys came back", t->keys_again);
	t_ok(!t->leases_wrong,
	     "%d times the leases were wrong: none after a "
	     "break, one after registering",
	     t->leases_wrong);
	t_ok(!t->deregs_failed, "%d calls of ibv_dereg_mr failed",
	     t->deregs_failed);
	t_ok(t->handles_shared > ROUNDS / 2,
	     "in %d rounds another region had the handle of the revoked one",
	     t->handles_shared);
	t_ok(!t->innocents_hit, "%d times that region was hit",
	     t->innocents_hit);
	t_ok(grown < LEAK_BYTES, "the heap grew by %ld bytes in %d rounds",
	     grown, ROUNDS - WARM_ROUNDS);
	/* How many had to wait for the breaker depends on who was faster. */
	t_ok(stats.breaks == ROUNDS && stats.revoked_mrs == ROUNDS &&
		     stats.retakes <= ROUNDS,
	     "counted %llu breaks, %llu revoked, %llu that waited to retake",
	     (unsigned long long)stats.breaks,
	     (unsigned long long)stats.revoked_mrs,
	     (unsigned long long)stats.retakes);
}

int main(int argc, char **argv)
{
	static struct test t;
	long warm = 0, end;
	int round;

	if (argc != 2)
		t_bail("usage: DIR");
	files_path(path, argv[1], "reregister");
	t_child_start(&t.child, punch, NULL);
	t.fd = files_create(path, FILE_LEN, '.');
	t.addr = files_map(t.fd, FILE_LEN);
	verbs_open(&t.verbs);
	if (posix_memalign((void **)&t.innocent_buf, 4096, 4096))
		t_bail("out of memory");
	t.mr = ibv_reg_mr(t.verbs.pd, t.addr, FILE_LEN, VERBS_ACCESS);
	if (!t.mr)
		t_bail("ibv_reg_mr");

	for (round = 0; round < ROUNDS; round++) {
		if (round == WARM_ROUNDS)
			warm = mallinfo2().uordblks;
		one_round(&t, round);
	}
	dereg_zombies(&t);
	end = mallinfo2().uordblks;
	check(&t, end - warm);

	t_zero(ibv_dereg_mr(t.mr), "ibv_dereg_mr of the last region");
	t_ok(!guard_leases(t.fd).held, "no lease is left");
	t_ok(!guard_stats().zombie_mrs && !guard_stats().guarded_mrs,
	     "no region is left");
	munmap(t.addr, FILE_LEN);
	close(t.fd);
	free(t.innocent_buf);
	t_zero(verbs_close(&t.verbs), "closing the device");
	t_child_stop(&t.child);
	unlink(path);
	return t_done();
}
