// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * Find the addresses of memory regions in the memory of the program.
 *
 * struct ibv_mr is part of libibverbs' ABI and lies in memory that the program
 * or its provider has allocated.  Length and both keys are 16 bytes that must
 * match; without the keys (no CAP_NET_ADMIN) its pointers must make sense, and
 * there must be as many structs of a length as memory regions.
 */
#include <errno.h>
#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mr_address.h"
#include "pagemap.h"

#define CHUNK_PAGES 256
/*
 * Larger ones that are left out of core dumps (MADV_DONTDUMP) are tables of
 * AddressSanitizer and the like, with a page here and there.
 */
#define MAX_NOT_DUMPED (1ULL << 40)

struct search {
	pid_t pid;
	const struct proc_maps *maps;
	struct mr_address **wanted; /* sorted by length */
	size_t n_wanted;
	size_t n_candidates;
	struct ibv_mr *candidates; /* that may be those looked for */
	char *chunk;
	size_t page_size;
};

static int by_length(const void *a, const void *b)
{
	uint64_t x = (*(struct mr_address *const *)a)->mr->length;
	uint64_t y = (*(struct mr_address *const *)b)->mr->length;

	return x < y ? -1 : x > y;
}

/* By its length, and by its keys where they are known */
static bool fits(const struct ibv_mr *found, const struct rdma_mr *mr)
{
	return found->length == mr->length &&
	       (!mr->has_keys ||
		(found->lkey == mr->lkey && found->rkey == mr->rkey));
}

/* One that may be @found, or NULL */
static const struct rdma_mr *find_wanted(const struct search *search,
					 const struct ibv_mr *found)
{
	size_t low = 0, high = search->n_wanted, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (search->wanted[middle]->mr->length < found->length)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < search->n_wanted; low++) {
		const struct rdma_mr *mr = search->wanted[low]->mr;

		if (mr->length != found->length)
			break;
		if (fits(found, mr))
			return mr;
	}
	return NULL;
}

static bool is_mapped(const struct search *search, uint64_t start,
		      uint64_t length)
{
	const struct proc_map *map = search->maps->maps;
	const struct proc_map *end = map + search->maps->n;
	uint64_t at = start;

	if (start + length < start)
		return false;
	for (; map < end && at < start + length; map++) {
		if (map->end <= at)
			continue;
		if (map->start > at)
			return false;
		at = map->end;
	}
	return at >= start + length;
}

static ssize_t peek(const struct search *search, uintptr_t at, void *buffer,
		    size_t size)
{
	struct iovec here = {buffer, size}, there = {(void *)at, size};

	return process_vm_readv(search->pid, &here, 1, &there, 1, 0);
}

/*
 * free() overwrites the two pointers at the beginning, so this also sorts out
 * what is left of memory regions that are deregistered.
 */
static bool makes_sense(const struct search *search, const struct ibv_mr *mr,
			bool has_keys)
{
	struct ibv_pd pd;

	return mr->context && mr->pd &&
	       (has_keys ||
		is_mapped(search, (uintptr_t)mr->addr, mr->length)) &&
	       peek(search, (uintptr_t)mr->pd, &pd, sizeof(pd)) ==
		       sizeof(pd) &&
	       pd.context == mr->context;
}

static int add_candidate(struct search *search, const struct ibv_mr *mr)
{
	struct ibv_mr *more;
	size_t i;

	for (i = 0; i < search->n_candidates; i++) {
		const struct ibv_mr *other = &search->candidates[i];

		if (other->length == mr->length && other->addr == mr->addr &&
		    other->lkey == mr->lkey && other->rkey == mr->rkey)
			return 0;
	}
	more = reallocarray(search->candidates, search->n_candidates + 1,
			    sizeof(*more));
	if (!more)
		return ENOMEM;
	search->candidates = more;
	more[search->n_candidates] = *mr;
	/* Else it would be found, too, by who looks at himself. */
	more[search->n_candidates++].pd = NULL;
	return 0;
}

/* Anything that may be a struct ibv_mr in pages that were there a moment ago */
static int scan_piece(struct search *search, uintptr_t start, size_t size)
{
	ssize_t n = peek(search, start, search->chunk, size);
	const struct rdma_mr *wanted;
	struct ibv_mr mr;
	size_t at;
	int r = 0;

	if (n < 0)
		return errno == EFAULT ? 0 : errno;
	for (at = 0; at + sizeof(mr) <= n && !r; at += sizeof(void *)) {
		memcpy(&mr, search->chunk + at, sizeof(mr));
		wanted = mr.length ? find_wanted(search, &mr) : NULL;
		if (wanted && makes_sense(search, &mr, wanted->has_keys))
			r = add_candidate(search, &mr);
	}
	return r;
}

/*
 * Those that are present, so that no others are made; the last page of a piece again:
 * a struct may lie across the end of it.
 */
static int scan_run(void *arg, uintptr_t start, uintptr_t end)
{
	struct search *search = arg;
	size_t size = CHUNK_PAGES * search->page_size;
	int r;

	while (end - start > size) {
		r = scan_piece(search, start, size);
		if (r)
			return r;
		start += size - search->page_size;
	}
	return scan_piece(search, start, end - start);
}

/*
 * As many structs as memory regions that they fit: then they are those.  If two
 * devices have the same keys nobody can tell which is which.
 */
static void match(struct search *search)
{
	size_t i, k, n, found;

	for (i = 0; i < search->n_wanted; i += n) {
		const struct rdma_mr *mr = search->wanted[i]->mr;

		for (n = 1; !mr->has_keys && i + n < search->n_wanted &&
			    search->wanted[i + n]->mr->length == mr->length;
		     n++)
			;
		for (k = found = 0; k < search->n_candidates; k++)
			found += fits(&search->candidates[k], mr);
		if (found != n)
			continue;
		for (k = found = 0; k < search->n_candidates; k++) {
			if (!fits(&search->candidates[k], mr))
				continue;
			search->wanted[i + found]->is_known = true;
			search->wanted[i + found]->address =
				(uintptr_t)search->candidates[k].addr;
			found++;
		}
	}
}

/* Is memory of the program there, where it can have the struct? */
static bool is_worth_it(const struct proc_map *map)
{
	return !map->shared && map->readable && map->writable &&
	       map->has_pages &&
	       !(map->is_not_dumped && map->end - map->start > MAX_NOT_DUMPED);
}

static int scan(struct search *search)
{
	const struct proc_maps *maps = search->maps;
	const struct proc_map *map;
	struct pagemap pagemap;
	uint64_t total = 0;
	int r;

	for (map = maps->maps; map < maps->maps + maps->n; map++)
		total += is_worth_it(map) ? map->end - map->start : 0;
	r = pagemap_open(search->pid, total, &pagemap);
	if (r)
		return r;
	for (map = maps->maps; map < maps->maps + maps->n && !r; map++)
		if (is_worth_it(map))
			r = pagemap_visit(&pagemap, map, scan_run, search);
	pagemap_close(&pagemap);
	return r;
}

int mr_address_find(pid_t pid, const struct proc_maps *maps,
		    struct mr_address *addresses, size_t n)
{
	struct search search = {.pid = pid, .maps = maps, .n_wanted = n};
	size_t i;
	int r;

	search.wanted = calloc(n, sizeof(*search.wanted));
	if (!search.wanted)
		return ENOMEM;
	for (i = 0; i < n; i++)
		search.wanted[i] = &addresses[i];
	qsort(search.wanted, n, sizeof(*search.wanted), by_length);

	search.page_size = sysconf(_SC_PAGESIZE);
	r = ENOMEM;
	search.chunk = malloc(CHUNK_PAGES * search.page_size);
	if (!search.chunk)
		goto free_wanted;
	r = scan(&search);
	if (!r)
		match(&search);
	free(search.candidates);
	free(search.chunk);
free_wanted:
	free(search.wanted);
	return r;
}
