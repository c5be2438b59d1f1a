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
#include <fcntl.h>
#include <infiniband/verbs.h>
#include <stdbool.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "mr_address.h"
#include "present_pages.h"

#define CHUNK_PAGES 256

/* A struct ibv_mr that may be one of those looked for */
struct candidate {
	uint64_t length;
	uint64_t address;
	uint32_t lkey;
	uint32_t rkey;
};

struct search {
	pid_t pid;
	int pagemap;
	const struct proc_maps *maps;
	struct mr_address **wanted; /* sorted by length */
	size_t n_wanted;
	size_t n_candidates;
	struct candidate *candidates;
	char *chunk;
	size_t page_size;
};

static int by_length(const void *a, const void *b)
{
	uint64_t x = (*(struct mr_address *const *)a)->mr->length;
	uint64_t y = (*(struct mr_address *const *)b)->mr->length;

	return x < y ? -1 : x > y;
}

/* The first one wanted with this length, or NULL */
static struct mr_address **first_of(const struct search *search,
				    uint64_t length)
{
	size_t low = 0, high = search->n_wanted, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (search->wanted[middle]->mr->length < length)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == search->n_wanted ||
	    search->wanted[low]->mr->length != length)
		return NULL;
	return search->wanted + low;
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

static bool peek(const struct search *search, const void *at, void *buffer,
		 size_t size)
{
	struct iovec here = {buffer, size};
	struct iovec there = {(void *)at, size};

	return process_vm_readv(search->pid, &here, 1, &there, 1, 0) == size;
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
	       peek(search, mr->pd, &pd, sizeof(pd)) &&
	       pd.context == mr->context;
}

static int add_candidate(struct search *search, const struct ibv_mr *mr)
{
	struct candidate *candidate = search->candidates;
	size_t i;

	for (i = 0; i < search->n_candidates; i++, candidate++)
		if (candidate->length == mr->length &&
		    candidate->address == (uintptr_t)mr->addr &&
		    candidate->lkey == mr->lkey && candidate->rkey == mr->rkey)
			return 0;
	candidate = reallocarray(search->candidates, search->n_candidates + 1,
				 sizeof(*candidate));
	if (!candidate)
		return ENOMEM;
	search->candidates = candidate;
	candidate[search->n_candidates++] = (struct candidate){
		.length = mr->length,
		.address = (uintptr_t)mr->addr,
		.lkey = mr->lkey,
		.rkey = mr->rkey,
	};
	return 0;
}

/* Anything that may be a struct ibv_mr in @size bytes of memory */
static int scan_chunk(struct search *search, const char *chunk, size_t size)
{
	struct mr_address **wanted, **end = search->wanted + search->n_wanted;
	uint64_t length;
	struct ibv_mr mr;
	size_t at;
	int r;

	for (at = 0; at + sizeof(mr) <= size; at += sizeof(void *)) {
		memcpy(&length, chunk + at + offsetof(struct ibv_mr, length),
		       sizeof(length));
		wanted = length ? first_of(search, length) : NULL;
		if (!wanted)
			continue;
		memcpy(&mr, chunk + at, sizeof(mr));
		while (wanted < end && (*wanted)->mr->length == length &&
		       (*wanted)->mr->has_keys &&
		       ((*wanted)->mr->lkey != mr.lkey ||
			(*wanted)->mr->rkey != mr.rkey))
			wanted++;
		if (wanted == end || (*wanted)->mr->length != length ||
		    !makes_sense(search, &mr, (*wanted)->mr->has_keys))
			continue;
		r = add_candidate(search, &mr);
		if (r)
			return r;
	}
	return 0;
}

/* Pages that are present, or were a moment ago */
static int scan_present(uint64_t at, uint64_t end, void *arg)
{
	struct search *search = arg;
	struct iovec here = {.iov_base = search->chunk}, there;
	uint64_t chunk_size = CHUNK_PAGES * search->page_size;
	ssize_t size;
	int r;

	while (at < end) {
		here.iov_len = end - at < chunk_size ? end - at : chunk_size;
		there.iov_base = (void *)at;
		there.iov_len = here.iov_len;
		size = process_vm_readv(search->pid, &here, 1, &there, 1, 0);
		if (size < 0)
			return errno == EFAULT ? 0 : errno;
		r = scan_chunk(search, search->chunk, size);
		if (r)
			return r;
		at += here.iov_len;
		/* A struct may lie across the end of a chunk. */
		if (at < end)
			at -= search->page_size;
	}
	return 0;
}

static void match_by_keys(struct search *search)
{
	size_t i, k;

	for (i = 0; i < search->n_wanted; i++) {
		struct mr_address *wanted = search->wanted[i];

		for (k = 0; k < search->n_candidates; k++) {
			const struct candidate *c = &search->candidates[k];

			if (!wanted->mr->has_keys ||
			    c->length != wanted->mr->length ||
			    c->lkey != wanted->mr->lkey ||
			    c->rkey != wanted->mr->rkey)
				continue;
			/* Two devices with the same key: which is which? */
			if (wanted->source == ADDRESS_PROGRAM &&
			    wanted->address != c->address) {
				wanted->source = ADDRESS_UNKNOWN;
				break;
			}
			wanted->source = ADDRESS_PROGRAM;
			wanted->address = c->address;
		}
	}
}

/* As many structs of a length as memory regions: then they are those. */
static void match_by_length(struct search *search)
{
	size_t i, k, n, found;

	for (i = 0; i < search->n_wanted; i += n) {
		uint64_t length = search->wanted[i]->mr->length;

		for (n = 1; i + n < search->n_wanted &&
			    search->wanted[i + n]->mr->length == length;
		     n++)
			;
		for (k = found = 0; k < search->n_candidates; k++)
			found += search->candidates[k].length == length;
		if (found != n || search->wanted[i]->mr->has_keys)
			continue;
		for (k = found = 0; k < search->n_candidates; k++) {
			if (search->candidates[k].length != length)
				continue;
			search->wanted[i + found]->source = ADDRESS_PROGRAM;
			search->wanted[i + found]->address =
				search->candidates[k].address;
			found++;
		}
	}
}

static int scan_all(struct search *search)
{
	size_t i;
	int r;

	for (i = 0; i < search->maps->n; i++) {
		const struct proc_map *map = &search->maps->maps[i];

		if (map->shared || !map->readable || !map->writable)
			continue;
		r = present_pages(search->pagemap, map, scan_present, search);
		if (r)
			return r;
	}
	return 0;
}

int mr_address_find(pid_t pid, const struct proc_maps *maps,
		    struct mr_address *addresses, size_t n)
{
	struct search search = {.pid = pid, .maps = maps};
	char path[64];
	size_t i;
	int r;

	search.wanted = calloc(n ? n : 1, sizeof(*search.wanted));
	if (!search.wanted)
		return ENOMEM;
	for (i = 0; i < n; i++)
		if (addresses[i].source == ADDRESS_UNKNOWN)
			search.wanted[search.n_wanted++] = &addresses[i];
	qsort(search.wanted, search.n_wanted, sizeof(*search.wanted),
	      by_length);

	search.page_size = sysconf(_SC_PAGESIZE);
	r = ENOMEM;
	search.chunk = malloc(CHUNK_PAGES * search.page_size);
	if (!search.chunk)
		goto free_wanted;
	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	search.pagemap = open(path, O_RDONLY | O_CLOEXEC);
	if (search.pagemap < 0) {
		r = errno == ENOENT ? ESRCH : errno;
		goto free_chunk;
	}
	r = search.n_wanted ? scan_all(&search) : 0;
	if (!r) {
		match_by_keys(&search);
		match_by_length(&search);
	}
	close(search.pagemap);
	free(search.candidates);
free_chunk:
	free(search.chunk);
free_wanted:
	free(search.wanted);
	return r;
}
