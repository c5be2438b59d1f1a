/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/*
 * pinsafe: RDMA memory regions over mapped files, guarded by leases.
 *
 * A program needs none of this to be protected: under libpinsafe-preload.so,
 * with the provider, or linked with -lpinsafe every memory region is guarded.
 * This header is for programs that have opened contexts before, or that want to
 * look at what was done.
 */
#ifndef INFINIBAND_PINSAFE_H
#define INFINIBAND_PINSAFE_H

#include <stddef.h>
#include <stdint.h>

#include <infiniband/verbs.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * struct pinsafe_stats - counters of this process
 * @comp_mask: reserved, 0
 * @guarded_mrs: memory regions that are alive and guarded now
 * @zombie_mrs: memory regions that were revoked and that the program has not
 *	deregistered yet
 * @leases: files on which this process holds a lease now
 * @registrations: guarded registrations that succeeded so far
 * @refusals: registrations that pinsafe refused so far, or that went through
 *	unprotected instead (on_refuse=warn)
 * @breaks: leases that were broken so far, by others or the program itself
 * @revoked_mrs: memory regions revoked so far because of a break, or because
 *	the program unmapped memory that was registered on demand
 * @revoke_failures: attempts to revoke that failed so far (they are repeated)
 * @retakes: registrations so far that waited for a break to be over
 * @last_revoke_ns: time from when the last break was noticed until its lease
 *	was released, in nanoseconds; 0 before the first break
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
 *		provider cannot be redirected, or pinsafe is off (PINSAFE=off,
 *		PINSAFE_BYPASS)
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

#ifdef __cplusplus
}
#endif

#endif /* INFINIBAND_PINSAFE_H */
