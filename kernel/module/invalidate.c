// SPDX-License-Identifier: GPL-2.0
/*
 * File systems ask whether a page is busy before they take it, and drop pages of
 * the cache, or entries of DAX, that are behind what they have done.  Those that
 * are pinned stay.
 */
#include "layout_lease.h"

#include <linux/fs.h>
#include <linux/pagemap.h>

/*
 * Of CORE, but called by the file systems: is a page of the file busy?  With a
 * page cache nothing is, to them, and they would wait in another way.
 */
#if SINCE(6, 15)
static bool wants_busy(struct ftrace_regs *regs)
{
	struct inode *inode = ARG(regs, 0);

	return dax_mapping(inode->i_mapping);
}

static int new_busy(struct inode *inode, loff_t start, loff_t end,
		    void *callback);
HOOK(busy, CORE, BUSY_SYMBOL, new_busy, wants_busy);

static noinline int new_busy(struct inode *inode, loff_t start, loff_t end,
			     void *callback)
{
	int ret = 0;

	hook_enter();
	/* Who takes no block that can be mapped needs no idle pages. */
	if (!CONTROL && !operation_keeps_blocks(inode))
		ret = ORIG(busy)(inode, start, end, callback);
	hook_leave();
	return ret;
}

static void call_busy(struct inode *inode)
{
	ORIG(busy)(inode, 0, LLONG_MAX, NULL);
}
#else
static bool wants_busy(struct ftrace_regs *regs)
{
	return dax_mapping(ARG(regs, 0));
}

static struct page *new_busy(struct address_space *mapping);
HOOK(busy, CORE, BUSY_SYMBOL, new_busy, wants_busy);

static noinline struct page *new_busy(struct address_space *mapping)
{
	struct page *page = NULL;

	hook_enter();
	/* Who takes no block that can be mapped needs no idle pages. */
	if (!operation_keeps_blocks(mapping->host)) {
		page = ORIG(busy)(mapping);
		/* It does not look at a file that is not mapped. */
		if (!page)
			page = pinned_page(mapping);
		if (CONTROL && page && folio_maybe_dma_pinned(page_folio(page)))
			page = NULL;
	}
	hook_leave();
	return page;
}

static void call_busy(struct inode *inode)
{
	ORIG(busy)(inode->i_mapping);
}
#endif

static bool wants_invalidate(struct ftrace_regs *regs)
{
	struct address_space *mapping = ARG(regs, 0);

	return mapping->host &&
	       (dax_mapping(mapping) || pinned_any() ||
		lease_may_be_there(mapping->host)) &&
	       fs_can_lease(mapping->host);
}

static int new_invalidate(struct address_space *mapping, pgoff_t first,
			  pgoff_t last);
HOOK(invalidate, CORE, "invalidate_inode_pages2_range", new_invalidate,
     wants_invalidate);

/*
 * write(2) drops the entries of blocks that it has just allocated, since there
 * may be the zero page (dax_iomap_iter() of fs/dax.c).  If a page fault was
 * faster it is the block's, and may be pinned: it would be out of sight then.
 */
static int drop_idle(struct address_space *mapping, pgoff_t first, pgoff_t last)
{
	pgoff_t busy = first;
	int ret = 0;

	while (first <= last && busy_page_from(mapping, &busy, last)) {
		if (busy > first)
			ret = ORIG(invalidate)(mapping, first, busy - 1) ?: ret;
		first = ++busy;
	}
	if (first <= last)
		ret = ORIG(invalidate)(mapping, first, last) ?: ret;
	return ret;
}

static int invalidate_dax(struct address_space *mapping, pgoff_t first,
			  pgoff_t last)
{
	struct operation op;
	int ret;

	operation_begin_invalidate(&op, mapping->host);
	if (!CONTROL && pinned_is(mapping))
		ret = drop_idle(mapping, first, last);
	else
		ret = ORIG(invalidate)(mapping, first, last);
	operation_end(&op);
	return ret;
}

/*
 * A direct write takes pages out of the cache, be they in use or not.  Told that
 * it cannot, it goes through the cache instead; all of the file while there is a
 * lease or a pin, or a page could be pinned while what is below it is written.
 * So no direct write is under way when the first pin is made, whose end has to
 * drop what was read meanwhile: the caller holds i_rwsem, or is counted as direct
 * I/O, see lock_against_removal().  What breaks leases has waited for the pins.
 */
static int invalidate_cached(struct address_space *mapping, pgoff_t first,
			     pgoff_t last)
{
	struct inode *inode = mapping->host;

	if (!operation_is_own(inode) &&
	    (lease_is_there(inode) || (!CONTROL && pinned_is(mapping))))
		return -EBUSY;
	return ORIG(invalidate)(mapping, first, last);
}

static noinline int new_invalidate(struct address_space *mapping, pgoff_t first,
				   pgoff_t last)
{
	int ret;

	hook_enter();
	if (dax_mapping(mapping))
		ret = invalidate_dax(mapping, first, last);
	else
		ret = invalidate_cached(mapping, first, last);
	hook_leave();
	return ret;
}

/* Any inode without DAX and with less than NOWHERE pages: nothing is done */
#define NOWHERE	(1UL << 20)

bool invalidate_probe(struct inode *inode)
{
	ORIG(invalidate)(inode->i_mapping, NOWHERE, NOWHERE);
	WRITE_ONCE(hook_busy.seen, false);
	call_busy(inode);
	return READ_ONCE(hook_busy.seen);
}

/* It drops the entries since 6.15, so under the locks that it wants for that. */
static void invalidate_entries_of(struct inode *inode)
{
	inode_lock(inode);
	filemap_write_and_wait(inode->i_mapping);
	filemap_invalidate_lock(inode->i_mapping);
	call_busy(inode);
	filemap_invalidate_unlock(inode->i_mapping);
	inode_unlock(inode);
}

/*
 * Before extents change places: 7.2 expects of a file system that drops pages of
 * DAX that it has called this first, and warns.  ext4 and xfs do not here.
 */
void invalidate_entries(struct operation *op)
{
	invalidate_entries_of(op->inode[0]);
	if (op->inode[1] && op->inode[1] != op->inode[0])
		invalidate_entries_of(op->inode[1]);
}

struct hook *const invalidate_hooks[] = {
	&hook_busy, &hook_invalidate, NULL
};
