// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * A memory region that ibv_rereg_mr() has moved is guarded where it is: who
 * wants the blocks of its old file does not touch it, who wants those of the new
 * one revokes it.  If the call has failed, either does.
 *
 *   rereg-moves DIR LIBPINSAFE [--page-cache]
 *
 * The provider of soft-RoCE has no such operation, so it is given one here, which
 * does as devices do that make a new memory region of it: on the kernel's side,
 * and with new keys.  pinsafe comes to the device when that is done.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "child.h"
#include "disk.h"
#include "region.h"
#include "t.h"

#define FILE_LEN (2UL << 20)
#define AT 20480

#define FIRST 0x3131313131313131
#define SECOND 0x3232323232323232

/* In struct verbs_context_ops of rdma-core 36 to 58 */
enum { OP_REREG_MR = 70, N_OPS = 76 };

/* What the operation does that soft-RoCE is given */
static enum { MOVES, MOVES_AND_FAILS, FAILS } rereg_does;

/* Those of soft-RoCE itself */
static struct ibv_mr *(*rxe_reg_mr)(struct ibv_pd *pd, void *addr,
				    size_t length, uint64_t iova, int access);
static int (*rxe_dereg_mr)(struct ibv_mr *mr);

static void swap(uint32_t *a, uint32_t *b)
{
	uint32_t c = *a;

	*a = *b;
	*b = c;
}

static int rereg_mr(struct ibv_mr *mr, int flags, struct ibv_pd *pd, void *addr,
		    size_t length, int access)
{
	struct ibv_mr *new;

	if (rereg_does == FAILS)
		return ENOMEM;
	new = rxe_reg_mr(mr->pd, addr, length, (uintptr_t)addr, access);
	if (!new)
		return errno;
	swap(&mr->handle, &new->handle);
	swap(&mr->lkey, &new->lkey);
	swap(&mr->rkey, &new->rkey);
	if (rxe_dereg_mr(new))
		t_bail("the old memory region stays");
	return rereg_does == MOVES ? 0 : ENOMEM;
}

static void give_operation(struct ibv_context *context)
{
	void (*set_ops)(void *verbs_context, const void *ops);
	const void *ops[N_OPS] = { [OP_REREG_MR] = (void *)rereg_mr };

	*(void **)&rxe_reg_mr = (void *)context->ops._compat_reg_mr;
	*(void **)&rxe_dereg_mr = (void *)context->ops._compat_dereg_mr;
	*(void **)&set_ops = dlsym(RTLD_DEFAULT, "verbs_set_ops");
	set_ops(verbs_get_ctx(context), ops);
	if ((void *)context->ops._compat_rereg_mr != (void *)rereg_mr)
		t_bail("the operations of this libibverbs are not as expected");
}

static void attach_pinsafe(struct ibv_context *context, const char *path)
{
	int (*attach)(struct ibv_context *context);
	void *pinsafe = dlopen(path, RTLD_NOW | RTLD_GLOBAL);

	if (!pinsafe)
		t_bail("%s", dlerror());
	*(void **)&attach = dlsym(pinsafe, "pinsafe_attach");
	t_zero(attach(context), "pinsafe_attach");
}

/* One file that it comes from, and one that it is moved to */
struct move {
	struct region from, to;
	struct t_child from_truncater, to_truncater;
};

static void move_create(struct move *move, const char *dir, int number)
{
	char name[32];

	snprintf(name, sizeof(name), "from-%d", number);
	region_create(&move->from, dir, name, FILE_LEN);
	snprintf(name, sizeof(name), "to-%d", number);
	region_create(&move->to, dir, name, FILE_LEN);
	t_child_start(&move->from_truncater, region_truncate, move->from.path);
	t_child_start(&move->to_truncater, region_truncate, move->to.path);
}

static void move_end(struct move *move)
{
	region_destroy(&move->to);
	region_destroy(&move->from);
	t_child_stop(&move->from_truncater);
	t_child_stop(&move->to_truncater);
}

static int rereg_it(struct move *move)
{
	int r;

	r = ibv_rereg_mr(move->from.mr,
			 IBV_REREG_MR_CHANGE_TRANSLATION |
				 IBV_REREG_MR_CHANGE_ACCESS,
			 NULL, move->to.addr, FILE_LEN, VERBS_ACCESS);
	move->to.mr = move->from.mr;
	move->from.mr = NULL;
	return r;
}

static int move_it(struct move *move, struct verbs *verbs)
{
	region_register(&move->from, verbs);
	return rereg_it(move);
}

static bool has_lease(const struct region *region)
{
	struct guard_leases leases = region_leases(region);

	return leases.held + leases.ordinary == 1;
}

static void truncate_by(struct t_child *truncater, const char *what)
{
	struct t_child_result result =
		t_child_run(truncater, 0, guard_break_time_ms() / 2);

	t_zero(result.err, "truncate of the %s file returns in %.0f ms", what,
	       t_ms(result.end_ns - result.begin_ns));
}

static void check_moved(struct move *move, struct verbs *verbs)
{
	rereg_does = MOVES;
	t_zero(move_it(move, verbs), "moved");
	t_ok(!has_lease(&move->from), "no lease on the old file");
	t_ok(has_lease(&move->to), "a lease on the new file");
	truncate_by(&move->from_truncater, "old");
	region_check_arrives(&move->to, verbs, "after a break of the old file");
	truncate_by(&move->to_truncater, "new");
	region_check_revoked(&move->to, verbs, "after a break of the new file");
	t_ok(!has_lease(&move->to), "no lease is left");
}

/* @what: the file that is broken */
static void check_failed(struct move *move, struct verbs *verbs,
			 struct t_child *truncater, const char *what)
{
	uint64_t revoked = guard_stats().revoked_mrs;

	t_ok(move_it(move, verbs) == IBV_REREG_MR_ERR_CMD, "%s: it fails",
	     what);
	t_ok(has_lease(&move->from) && has_lease(&move->to),
	     "%s: a lease on both files", what);
	truncate_by(truncater, what);
	t_ok(guard_stats().revoked_mrs == revoked + 1, "%s: revoked", what);
	region_check_revoked(&move->to, verbs, what);
	t_ok(region_wait_no_lease(&move->from, guard_break_time_ms()) &&
		     region_wait_no_lease(&move->to, guard_break_time_ms()),
	     "%s: no lease is left", what);
}

/* Soft-RoCE as it is: nothing has changed. */
static void check_not_offered(struct move *move, struct verbs *verbs)
{
	errno = 0;
	t_ok(move_it(move, verbs) == IBV_REREG_MR_ERR_CMD &&
		     errno == EOPNOTSUPP,
	     "without the operation: %s", t_errname(errno));
	move->from.mr = move->to.mr;
	move->to.mr = NULL;
	t_ok(has_lease(&move->from) && !has_lease(&move->to),
	     "without the operation: a lease on the old file only");
	region_check_arrives(&move->from, verbs, "without the operation");
	truncate_by(&move->from_truncater, "old");
	region_check_revoked(&move->from, verbs, "without the operation");
	region_deregister(&move->from);
}

static void write_value(struct region *region, struct verbs *verbs,
			uint64_t value)
{
	int status = region_write(region, verbs, AT, value);

	t_ok(!status, "RDMA WRITE: %s", ibv_wc_status_str(status));
}

static int sync_mr(struct ibv_mr *mr)
{
	int (*sync)(struct ibv_mr *mr, size_t offset, size_t length,
		    uint32_t flags);

	*(void **)&sync = dlsym(RTLD_DEFAULT, "pinsafe_sync");
	return sync(mr, AT, sizeof(uint64_t), 0);
}

/*
 * The first value makes the page clean, and only pinsafe, or the kernel when it
 * unpins it, makes it dirty again for the second.
 */
static void check_written_back(struct move *move, struct verbs *verbs)
{
	struct disk from = disk_open(move->from.fd, FILE_LEN, AT);
	struct disk to = disk_open(move->to.fd, FILE_LEN, AT);

	rereg_does = MOVES;
	region_register(&move->from, verbs);
	write_value(&move->from, verbs, FIRST);
	t_zero(sync_mr(move->from.mr), "syncing the old memory");
	t_ok(disk_read(&from) == FIRST, "the old file has the data");
	write_value(&move->from, verbs, SECOND);
	t_zero(rereg_it(move), "moved");
	t_zero(fsync(move->from.fd), "fsync of the old file");
	t_ok(disk_read(&from) == SECOND, "the old file has the new data");
	write_value(&move->to, verbs, FIRST);
	t_zero(sync_mr(move->to.mr), "syncing the new memory");
	write_value(&move->to, verbs, SECOND);
	t_zero(sync_mr(move->to.mr), "and again");
	t_ok(disk_read(&to) == SECOND, "the new file has the new data");
	close(from.fd);
	close(to.fd);
}

#define N_MOVES 7

int main(int argc, char **argv)
{
	struct move moves[N_MOVES];
	struct verbs plain, verbs;
	int i;

	if (argc != 3 && (argc != 4 || strcmp(argv[3], "--page-cache")))
		t_bail("usage: DIR LIBPINSAFE [--page-cache]");
	for (i = 0; i < N_MOVES; i++)
		move_create(&moves[i], argv[1], i);
	/* Before pinsafe is there, which would be behind it then */
	verbs_open(&plain);
	verbs_open(&verbs);
	give_operation(verbs.context);
	attach_pinsafe(plain.context, argv[2]);
	attach_pinsafe(verbs.context, argv[2]);

	check_not_offered(&moves[0], &plain);
	check_moved(&moves[1], &verbs);
	rereg_does = MOVES_AND_FAILS;
	check_failed(&moves[2], &verbs, &moves[2].from_truncater, "old");
	check_failed(&moves[3], &verbs, &moves[3].to_truncater, "new");
	rereg_does = FAILS;
	check_failed(&moves[4], &verbs, &moves[4].from_truncater, "old");
	check_failed(&moves[5], &verbs, &moves[5].to_truncater, "new");
	if (argc == 4)
		check_written_back(&moves[6], &verbs);
	for (i = 0; i < N_MOVES; i++)
		move_end(&moves[i]);
	t_zero(verbs_close(&plain), "closing the device");
	t_zero(verbs_close(&verbs), "closing the device");
	return t_done();
}
