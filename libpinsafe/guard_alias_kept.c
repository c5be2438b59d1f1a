// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The second mappings of memory that is registered again and again are kept as long
 * as its lease is, which has the file open anyway.  Through a new one each page is
 * faulted in as it is pinned, and that is most of the time of a registration.
 *
 * None of them is trusted: what is pinned is looked at after that as through a new
 * one.  The program may do what it likes to its addresses, those included that it
 * does not know; so what was kept is only unmapped if it is of the file.
 *
 * It is as if the program had mapped the file twice: page tables, and addresses.
 * So it is for some memory only, and not in a process that may not have any number
 * of addresses.
 */
#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/sys.h"
#include "keeper.h"
#include "lease.h"
#include "memory/vma.h"
#include "registration.h"

#define BITS 10
/* Of all of them; their page tables are a 512th of that. */
#define MAX_SIZE (1ul << 30)

struct kept {
	const struct lease *lease; /* NULL: free */
	uintptr_t start;
	struct guard_alias alias;
};

static struct kept table[1 << BITS] PS_GUARDED_BY(table_lock);
static size_t all_size PS_GUARDED_BY(table_lock);

static struct kept *place_of(uintptr_t start) PS_REQUIRES(table_lock)
{
	return &table[hash_bits(start, BITS)];
}

static size_t size_of(const struct guard_alias *alias)
{
	return alias->end - alias->start;
}

static void take_out(struct kept *one, struct guard_alias *ret_alias)
	PS_REQUIRES(table_lock)
{
	*ret_alias = one->alias;
	all_size -= size_of(&one->alias);
	one->lease = NULL;
}

bool guard_alias_kept_take(uintptr_t start, size_t size,
			   const struct lease *lease,
			   struct guard_alias *ret_alias)
{
	struct kept *one;
	bool is_there;

	ps_lock(&table_lock);
	one = place_of(start);
	is_there = one->lease == lease && one->start == start &&
		   size_of(&one->alias) >= size;
	if (is_there)
		take_out(one, ret_alias);
	ps_unlock(&table_lock);
	return is_there;
}

/* Nor does it count as locked memory, where what it was made of does. */
static bool may_keep(const struct guard_alias *alias)
{
	struct rlimit limit;

	return !SYS_CALL(prlimit64, 0, RLIMIT_AS, NULL, &limit) &&
	       limit.rlim_cur == RLIM_INFINITY &&
	       !SYS_CALL(munlock, alias->start, size_of(alias));
}

bool guard_alias_kept_put(uintptr_t start, struct lease *lease,
			  const struct guard_alias *alias)
{
	struct kept *one;
	bool has_room;

	if (!size_of(alias) || (!alias->was_kept && !may_keep(alias)))
		return false;
	ps_lock(&table_lock);
	one = place_of(start);
	has_room = !one->lease && all_size + size_of(alias) <= MAX_SIZE;
	if (has_room) {
		*one = (struct kept){ lease, start, *alias };
		one->alias.was_kept = true;
		all_size += size_of(alias);
		lease->has_aliases = true;
	}
	ps_unlock(&table_lock);
	return has_room;
}

static int unmap(void *arg)
{
	const struct kept *one = arg;
	const struct guard_alias *alias = &one->alias;
	struct vma_reader reader;
	struct vma vma;
	int r = vma_open(&reader);

	if (r)
		return r;
	r = vma_next(&reader, alias->start, &vma);
	vma_close(&reader);
	if (r || !vma.shared || vma.start > alias->start ||
	    vma.end < alias->end || vma.dev != one->lease->dev ||
	    vma.ino != one->lease->ino)
		return r ?: ENOENT;
	return SYS_CALL(munmap, alias->start, size_of(alias)) ? errno : 0;
}

static void tell(const struct lease *lease, int r)
{
	if (r)
		log_debug("guard: a second mapping of %s is not what it was: %s",
			  lease->path, strerror(r));
}

void guard_alias_kept_drop(const struct lease *lease,
			   const struct guard_alias *alias)
{
	struct kept one = { .lease = lease, .alias = *alias };

	tell(lease, keeper_call_if_full(unmap, &one));
}

/* From place *@at on, which is behind it then */
static bool take_next(const struct lease *lease, size_t *at,
		      struct guard_alias *ret_alias)
{
	bool is_found = false;

	ps_lock(&table_lock);
	while (!is_found && lease->has_aliases && *at < 1 << BITS) {
		is_found = table[*at].lease == lease;
		if (is_found)
			take_out(&table[*at], ret_alias);
		++*at;
	}
	ps_unlock(&table_lock);
	return is_found;
}

/* It has no holders any more, so nobody keeps another one for it. */
void guard_alias_kept_release(struct lease *lease)
{
	struct kept one = { .lease = lease };
	size_t at = 0;

	while (take_next(lease, &at, &one.alias))
		tell(lease, unmap(&one));
}

void guard_alias_kept_forget(void) PS_ATTR(no_thread_safety_analysis)
{
	memset(table, 0, sizeof(table));
	all_size = 0;
}
