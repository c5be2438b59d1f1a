/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * pinsafe: RDMA memory regions over mapped files, guarded by leases.
 *
 * A program needs none of this to be protected: under libpinsafe-preload.so, or
 * once it is linked with -lpinsafe, every memory region is guarded.  This header
 * is for programs that want to know of breaks, to register again after them,
 * to have data written back, or to look at what was done.
 *
 * Conventions: int functions return 0 or an errno value, functions that return
 * pointers return NULL and set errno.  Structures with comp_mask are passed with
 * their size, so that old programs run with new libraries and the other way
 * round: what a caller does not know of is 0.  All functions may be called from
 * any thread at any time, also from a break handler, unless said otherwise.
 */
#ifndef INFINIBAND_PINSAFE_H
#define INFINIBAND_PINSAFE_H

#include <stddef.h>
#include <stdint.h>

#include <infiniband/pinsafe_event.h>
#include <infiniband/verbs.h>

#ifdef __cplusplus
extern "C" {
#endif

/** enum pinsafe_guard - what keeps a memory region safe, see pinsafe(7) */
enum pinsafe_guard {
	PINSAFE_GUARD_AUTO = 0,		/* the best that there is */
	PINSAFE_GUARD_LAYOUT = 1,	/* a layout lease */
	PINSAFE_GUARD_LEASE = 2,	/* an ordinary lease */
	PINSAFE_GUARD_ODP = 3,		/* on-demand paging, nothing pinned */
	PINSAFE_GUARD_NONE = 4,		/* nothing: not protected */
	PINSAFE_GUARD_UNNEEDED = 5,	/* no file that could lose blocks */
};

#define PINSAFE_STATS_REVOKE_BUCKETS 8

/**
 * struct pinsafe_stats - counters of this process
 * @comp_mask: reserved, 0
 * @guarded_mrs: memory regions that are alive and guarded now
 * @zombie_mrs: memory regions that were revoked and that the program has not
 *	deregistered yet
 * @leases: files on which this process holds a lease now
 * @registrations: guarded registrations that succeeded so far, also those of
 *	ibv_rereg_mr()
 * @refusals: registrations that pinsafe refused so far, or that went through
 *	unprotected instead (on_refuse=warn)
 * @breaks: leases that were broken so far, by others or the program itself
 * @revoked_mrs: memory regions revoked so far because of a break, by
 *	pinsafe_release(), because their context was closed, or because the
 *	program unmapped memory that was registered on demand
 * @revoke_failures: attempts to revoke that failed so far (they are repeated)
 * @retakes: registrations so far that succeeded after they had to wait until a
 *	break was over or others had closed the file
 * @last_revoke_ns: time from when the last break was noticed until its lease
 *	was released, in nanoseconds; 0 before the first break
 * @registered_layout, @registered_lease, @registered_odp: of @registrations, by
 *	guard
 * @unprotected: registrations so far of memory that would need a guard and has
 *	none, because the policy or the program says so
 * @refused_space: of @refusals, those with ENOSPC or EDQUOT
 * @refused_permission: with EACCES or EPERM
 * @refused_busy: with EAGAIN or EBUSY
 * @refused_unsupported: with EOPNOTSUPP
 * @refused_other: with any other errno
 * @lost_leases: leases so far that were gone before they were released: the
 *	kernel takes an ordinary lease away at the end of lease-break-time, and who
 *	has its open file description can give it back
 * @bytes_guarded: length of the memory regions in @guarded_mrs, in bytes
 * @revoke_histogram: breaks by the time that @last_revoke_ns says: below 1 ms,
 *	4 ms, 16 ms, 64 ms, 256 ms, 1.024 s, 4.096 s, and all longer ones
 * @least_margin_ns: the smallest time that was left of lease-break-time when a
 *	lease was released, in nanoseconds; UINT64_MAX before the first break,
 *	and if lease-break-time is 0
 *
 * Counters start at 0 when the library is loaded and again in a child of
 * fork(2).
 */
struct pinsafe_stats {
	uint64_t comp_mask;
	uint64_t guarded_mrs;
	uint64_t zombie_mrs;
	uint64_t leases;
	uint64_t registrations;
	uint64_t refusals;
	uint64_t breaks;
	uint64_t revoked_mrs;
	uint64_t revoke_failures;
	uint64_t retakes;
	uint64_t last_revoke_ns;
	uint64_t registered_layout;
	uint64_t registered_lease;
	uint64_t registered_odp;
	uint64_t unprotected;
	uint64_t refused_space;
	uint64_t refused_permission;
	uint64_t refused_busy;
	uint64_t refused_unsupported;
	uint64_t refused_other;
	uint64_t lost_leases;
	uint64_t bytes_guarded;
	uint64_t revoke_histogram[PINSAFE_STATS_REVOKE_BUCKETS];
	uint64_t least_margin_ns;
};

/**
 * pinsafe_version - version of the library at run time
 *
 * Return: a constant string such as "0.1.0".  Thread safe.
 *
 * Since: 0.1
 */
const char *pinsafe_version(void);

/**
 * pinsafe_attach - guard the memory regions of a context
 * @context: open device, stays the property of the caller; not NULL
 *
 * For contexts that were opened before pinsafe was loaded.  Registrations
 * made after the call are guarded, older ones are not.  A context that is
 * guarded already stays as it is.  Must not run at the same time as another
 * call that uses @context.
 *
 * Return: 0, or
 * EINVAL	@context is NULL or of the ABI before rdma-core 16
 * EOPNOTSUPP	the layout of the running libibverbs could not be learnt, its
 *		provider cannot be redirected, no libibverbs is found, or
 *		pinsafe is off (PINSAFE=off, PINSAFE_BYPASS)
 * ENOMEM	out of memory
 *
 * Since: 0.1
 */
int pinsafe_attach(struct ibv_context *context);

/**
 * pinsafe_get_stats - read the counters of this process
 * @stats: filled in, up to @size bytes; untouched on failure
 * @size: sizeof(struct pinsafe_stats) of the caller, in bytes
 *
 * Thread safe.
 *
 * Return: 0, or EINVAL if @stats is NULL or @size is smaller than comp_mask.
 * Bytes beyond what this version of the library knows are set to 0.
 *
 * Since: 0.1
 */
int pinsafe_get_stats(struct pinsafe_stats *stats, size_t size);

/* Bits of pinsafe_device_attr.guards: 1 << enum pinsafe_guard */
#define PINSAFE_GUARD_BIT(guard) (1u << (guard))

/**
 * struct pinsafe_device_attr - what pinsafe can do for a device
 * @comp_mask: reserved, 0
 * @guards: which guards this kernel and the device offer, PINSAFE_GUARD_BIT();
 *	whether a file can have one depends on the file: pinsafe_check()
 * @is_hooked: 1 if memory regions of the context are guarded, else 0
 * @lease_break_time_s: seconds that the kernel gives the holder of a lease, 0:
 *	it does not end
 */
struct pinsafe_device_attr {
	uint64_t comp_mask;
	uint32_t guards;
	uint32_t is_hooked;
	uint32_t lease_break_time_s;
	uint32_t reserved;
};

/**
 * pinsafe_query_device - what pinsafe can do for a device
 * @context: open device, not NULL
 * @attr: filled in, up to @size bytes; untouched on failure
 * @size: sizeof(struct pinsafe_device_attr) of the caller, in bytes
 *
 * Whether there are layout leases the module tells (/sys/module), or it is found
 * out by trying, on a file of /proc.
 *
 * Return: 0, or EINVAL if an argument is NULL or @size is smaller than
 * comp_mask.
 *
 * Since: 0.1
 */
int pinsafe_query_device(struct ibv_context *context,
			 struct pinsafe_device_attr *attr, size_t size);

/**
 * struct pinsafe_check_result - what would become of a registration
 * @comp_mask: reserved, 0
 * @guard: enum pinsafe_guard, if @error is 0
 * @error: errno with which it would be refused, or 0
 * @reason: one sentence that says why it would be refused, or, with @guard
 *	PINSAFE_GUARD_NONE, why it would have been if the policy did not let it
 *	pass (on_refuse=warn); else ""
 */
struct pinsafe_check_result {
	uint64_t comp_mask;
	uint32_t guard;
	int32_t error;
	char reason[1024];
};

/**
 * pinsafe_check - try what would become of a registration
 * @pd: protection domain of a guarded context, stays the caller's; not NULL
 * @addr, @length: the memory, in bytes
 * @access: IBV_ACCESS_* flags
 * @result: filled in, up to @size bytes; untouched on failure
 * @size: sizeof(struct pinsafe_check_result) of the caller, in bytes
 *
 * Goes all the way: the memory is registered and deregistered at once, blocks
 * are allocated, and the lease is taken and released.  Does not wait for other
 * openers of a file as a registration would.  A refusal is not logged, and it
 * is counted neither as a registration nor as a refusal.
 *
 * Return: 0 if @result was filled in, the errno of ibv_dereg_mr(3), or
 * EINVAL	@pd or @result is NULL, or @size is smaller than comp_mask
 * EOPNOTSUPP	the context of @pd is not guarded
 * ENOSYS	libibverbs is not loaded in a way that its functions can be found
 *
 * Since: 0.1
 */
int pinsafe_check(struct ibv_pd *pd, void *addr, size_t length, int access,
		  struct pinsafe_check_result *result, size_t size);

/* pinsafe_reg_attr.comp_mask: which of the optional fields are set */
enum pinsafe_reg_attr_mask {
	PINSAFE_REG_GUARD = 1 << 0,
	PINSAFE_REG_FD = 1 << 1,
	PINSAFE_REG_GRACE = 1 << 2,
	PINSAFE_REG_IOVA = 1 << 3,
	PINSAFE_REG_PREFAULT_THREADS = 1 << 4,
};

/**
 * pinsafe_progress - told how far a registration is
 * @done: bytes that have their blocks and are present
 * @total: bytes that there will be, in whole pages, of what needs a guard
 * @user_data: from struct pinsafe_reg_attr
 *
 * Called by the thread that registers: every tenth of a second or so, while
 * blocks are allocated and pages made present, which may take long for a large
 * file, and once more when all are.  It starts again at a smaller @done if a
 * lease was broken meanwhile.  Signals are blocked there and cancellation is
 * off; the function has to return, and must not register or deregister what is
 * mapped from the same files.
 *
 * Return: 0 to go on; else the registration fails with ECANCELED.
 */
typedef int pinsafe_progress(size_t done, size_t total, void *user_data);

/**
 * struct pinsafe_reg_attr - what to register, and how
 * @comp_mask: enum pinsafe_reg_attr_mask
 * @addr, @length: the memory, in bytes
 * @access: IBV_ACCESS_* flags
 * @guard: enum pinsafe_guard to use rather than what the policy says
 * @iova: address by which peers name the memory; default: @addr
 * @fd: a descriptor of the mapped file, for a program that has many: the one
 *	that was mapped, if an ordinary lease is to be taken
 * @grace_ms: how long the program may take after a break, in milliseconds, at
 *	most half of lease-break-time; default: what the policy says
 * @prefault_threads: how many threads allocate blocks, at most 64; default and
 *	0: as many as help, which is found out by trying
 * @user_data: for events, and for @progress
 * @channel: where events go, or NULL; stays the caller's
 * @handler: called with events, or NULL; not both
 * @progress: told how far the registration is, or NULL
 */
struct pinsafe_reg_attr {
	uint64_t comp_mask;
	void *addr;
	size_t length;
	int32_t access;
	uint32_t guard;
	uint64_t iova;
	int32_t fd;
	uint32_t grace_ms;
	uint32_t prefault_threads;
	uint32_t reserved;
	void *user_data;
	struct pinsafe_event_channel *channel;
	pinsafe_break_handler *handler;
	pinsafe_progress *progress;
};

/**
 * pinsafe_reg_mr - register memory, and say how it is to be guarded
 * @pd: protection domain of a guarded context, stays the caller's; not NULL
 * @attr: what to register; not NULL
 * @size: sizeof(struct pinsafe_reg_attr) of the caller, in bytes
 *
 * Return: a memory region for ibv_dereg_mr(), or NULL and errno: those of
 * ibv_reg_mr(3) and pinsafe(7), and
 * EINVAL	an argument is NULL, comp_mask has unknown bits, guard is none
 *		of those that can be wanted, both a channel and a handler are
 *		given, the channel is of the parent process, or @size is too
 *		small for addr, length and access
 * ECANCELED	@attr->progress did not want to go on
 * EOPNOTSUPP	the context is not guarded
 * ENOSYS	libibverbs is not loaded in a way that its functions can be found
 *
 * Since: 0.1
 */
struct ibv_mr *pinsafe_reg_mr(struct ibv_pd *pd,
			      const struct pinsafe_reg_attr *attr, size_t size);

/**
 * pinsafe_release - have a memory region revoked now
 * @mr: guarded memory region; not NULL
 *
 * The answer to PINSAFE_EVENT_BREAK of a program that has stopped using the
 * memory region.  It is destroyed in the kernel, and its lease goes if that was
 * the last; the struct stays valid until ibv_dereg_mr(), which may be called
 * instead.  Must not run while another thread deregisters @mr: 0 would not mean
 * then that it is gone.
 *
 * Return: 0, also if it is revoked already or being revoked, or
 * EINVAL	@mr is NULL or not guarded
 * EBUSY...	the errno of the driver that could not destroy it
 *
 * Since: 0.1
 */
int pinsafe_release(struct ibv_mr *mr);

enum pinsafe_restore_flags {
	/* If the file has become shorter, register what is left of it. */
	PINSAFE_RESTORE_SHORTER = 1 << 0,
};

/**
 * pinsafe_mr_restore - register again what was revoked
 * @mr: revoked memory region, stays valid until ibv_dereg_mr(); not NULL
 * @timeout_ms: how long to wait until whoever broke the lease is done, in
 *	milliseconds; negative: retake_ms of pinsafe.conf(5)
 * @flags: enum pinsafe_restore_flags
 * @new_mr: set to a memory region of its own, with the same arguments but with
 *	new keys, for ibv_dereg_mr(); untouched on failure.  Its length may be
 *	smaller with PINSAFE_RESTORE_SHORTER.
 *
 * The keys of @mr never come back to life.  Its protection domain must still
 * exist.  Must not run while another thread deregisters @mr or deallocates that.
 *
 * Return: 0, or an errno of pinsafe_reg_mr(), and
 * EINVAL	@mr or @new_mr is NULL, @mr is not a guarded memory region that
 *		was revoked, or @flags has unknown bits
 * EAGAIN	the breaker is not done, or has the file open still
 * EFAULT	the file does not cover the memory any more, or, with
 *		PINSAFE_RESTORE_SHORTER, not a single byte of it
 *
 * Since: 0.1
 */
int pinsafe_mr_restore(struct ibv_mr *mr, int timeout_ms, uint32_t flags,
		       struct ibv_mr **new_mr);

/**
 * pinsafe_sync - have what the device wrote written back
 * @mr: guarded memory region that is alive; not NULL
 * @offset, @length: in bytes from its start
 * @flags: reserved, 0
 *
 * A device does not make pages dirty, so fsync(2) may leave out what it wrote.
 * This makes the pages dirty by write faults and writes them back; on
 * persistent memory that was mapped by libpmem it flushes the CPU's caches by
 * that.  Transfers have to be complete before.  Must not run while another
 * thread deregisters @mr.
 *
 * Return: 0, or
 * EINVAL	@mr is NULL, not guarded, not alive or not writable, the range is
 *		not in it, or @flags is not 0
 * EACCES	the memory is not mapped writable any more
 * ENOMEM	out of memory, or a part of it is not mapped any more
 * EFAULT	a page cannot be made dirty: the file system has no space for it,
 *		or the file has become shorter
 * EIO...	another errno of msync(2) or madvise(2)
 *
 * Since: 0.1
 */
int pinsafe_sync(struct ibv_mr *mr, size_t offset, size_t length,
		 uint32_t flags);

#ifdef __cplusplus
}
#endif

#endif /* INFINIBAND_PINSAFE_H */
