// SPDX-License-Identifier: GPL-2.0
/* Pages of a file that are in use, with DAX or with a page cache. */
#include "layout_lease.h"

#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/xarray.h>

/* Is the page, or a page of the folio, in use beyond being mapped and cached? */
bool busy_page(struct address_space *mapping, struct page *page)
{
	return dax_mapping(mapping) ? dax_page_busy(page) :
	       folio_maybe_dma_pinned(page_folio(page));
}

/* The first busy page of an entry of the page cache or, with DAX, of blocks */
static struct page *busy_page_of(struct address_space *mapping, void *entry)
{
	bool dax = dax_mapping(mapping);
	unsigned long n = dax ? dax_entry_pages(entry) : !xa_is_value(entry);
	struct page *page;

	if (!n)
		return NULL;
	page = dax ? dax_entry_page(entry) : folio_page((struct folio *)entry, 0);
	for (; n; n--, page++)
		if (busy_page(mapping, page))
			return page;
	return NULL;
}

/*
 * The first busy page from *first on, and its index.  dax_layout_busy_page()
 * unmaps the file as well, and up to 6.14 finds nothing in one that is not mapped.
 */
struct page *busy_page_from(struct address_space *mapping, pgoff_t *first,
			    pgoff_t last)
{
	XA_STATE(xas, &mapping->i_pages, *first);
	struct page *page = NULL;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, last) {
		if (xas_retry(&xas, entry))
			continue;
		page = busy_page_of(mapping, entry);
		if (page)
			break;
		if (need_resched()) {
			xas_pause(&xas);
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
	}
	rcu_read_unlock();
	*first = max(*first, xas.xa_index);
	return page;
}

/*
 * Since 6.14 a folio that was read with RWF_DONTCACHE goes as soon as nobody has
 * it mapped, in use or not; looked up, it stays.
 */
static bool is_cached(struct address_space *mapping, pgoff_t index,
		      struct page *page)
{
#if SINCE(6, 14)
	struct folio *folio = filemap_get_folio(mapping, index);

	if (IS_ERR(folio))
		return false;
	folio_put(folio);
	return folio == page_folio(page);
#else
	return page_folio(page)->mapping == mapping;
#endif
}

static bool seen(struct address_space *mapping, pgoff_t index, struct page *page)
{
	if (!dax_mapping(mapping))
		return is_cached(mapping, index, page);
	return dax_entry_has(xa_load(&mapping->i_pages, index), page);
}

/*
 * Will those who look for busy pages find these?  Copy-on-write of a part of a
 * huge page can leave the entry of blocks that the file has no more: a dirty one
 * stays (__dax_invalidate_entry()), and a page fault does not replace one
 * that is there (dax_insert_entry()).  It stays for as long as the inode does.
 */
bool busy_seen(struct address_space *mapping, pgoff_t index,
	       struct page **pages, long n)
{
	long i;

	for (i = 0; i < n; i++)
		if (!seen(mapping, index + i, pages[i]))
			return false;
	return true;
}
