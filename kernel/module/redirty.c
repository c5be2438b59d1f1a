// SPDX-License-Identifier: GPL-2.0
/*
 * Pages of a page cache that a device writes to.  The file system thinks that they
 * are clean once it has written them back, and nothing tells what a device has
 * written since; so they are made dirty again when somebody wants them on the
 * disk, and before they are unpinned: all of them, whether written or not.
 *
 * By folio, as a write fault does it (page_mkwrite, then folio_mark_dirty()), but
 * without the holder's mapping, which may be gone.  Also if a page is dirty, for
 * one dirty block of it does not make the others dirty.
 */
#include "layout_lease.h"

#include <linux/cred.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#if __has_include(<linux/folio_batch.h>)
#include <linux/folio_batch.h>
#else
#include <linux/pagevec.h>
#endif
#include <linux/slab.h>

#define TRIES	100

atomic_t count_written_files, count_redirtied_pages;

/*
 * A description of our own, as that of the mapping would keep the lease; it also
 * makes the mount one that somebody writes to.
 */
static struct file *open_again(struct file *mapped)
{
	struct file *file = dentry_open(&mapped->f_path, O_RDWR | O_LARGEFILE |
					O_NOATIME | O_NONBLOCK, current_cred());

	if (IS_ERR(file))
		return file;
	file->f_mode |= FMODE_NONOTIFY;
	if (file->f_mapping == mapped->f_mapping)
		return file;
	fput(file);
	return ERR_PTR(-EFAULT);
}

/* Before pages of [first, last] are pinned for writing: 0 or an error */
int redirty_track(struct pinned *p, struct vm_area_struct *vma, pgoff_t first,
		  pgoff_t last)
{
	struct file *file = NULL;

	if (!pinned_written(p))
		file = open_again(vma->vm_file);
	if (IS_ERR(file))
		return PTR_ERR(file);
	if (pinned_set_written(p, file, vma->vm_ops, first, last))
		atomic_inc(&count_written_files);
	else if (file)
		fput(file);
	return 0;
}

/* The last pin is gone. */
void redirty_forget(struct written *w)
{
	if (!w->file)
		return;
	atomic_dec(&count_written_files);
	fput(w->file);
}

static vm_fault_t call_page_mkwrite(const struct written *w, struct folio *folio)
{
	struct vm_area_struct vma = {
		.vm_end = folio_size(folio),
		.vm_pgoff = folio->index,
		.vm_file = w->file,
		.vm_ops = w->vm_ops,
	};
	struct vm_fault vmf = {
		.vma = &vma,
		.gfp_mask = GFP_KERNEL,
		.pgoff = folio->index,
		.flags = FAULT_FLAG_WRITE | FAULT_FLAG_MKWRITE,
		.page = folio_page(folio, 0),
	};

	return w->vm_ops->page_mkwrite(&vmf);
}

/* 0 also if the folio is not in the file any more */
static int redirty_folio(const struct written *w, struct folio *folio)
{
	struct address_space *mapping = w->file->f_mapping;
	int tries = TRIES;
	vm_fault_t ret;

	do {
		ret = call_page_mkwrite(w, folio);
		if (READ_ONCE(folio->mapping) != mapping)
			break;
	} while ((ret & VM_FAULT_NOPAGE) && --tries);
	if (ret & (VM_FAULT_ERROR | VM_FAULT_NOPAGE)) {
		if (READ_ONCE(folio->mapping) != mapping)
			return 0;
		pr_warn_ratelimited("page %lu of inode %lu cannot be made dirty: %#x\n",
				    folio->index, mapping->host->i_ino, ret);
		return ret & VM_FAULT_OOM ? -ENOMEM : -EIO;
	}
	if (!(ret & VM_FAULT_LOCKED))
		folio_lock(folio);
	if (folio->mapping == mapping)
		folio_mark_dirty(folio);
	folio_unlock(folio);
	atomic_add(folio_nr_pages(folio), &count_redirtied_pages);
	return 0;
}

static void redirty_pinned(const struct written *w, pgoff_t first, pgoff_t last)
{
	struct address_space *mapping = w->file->f_mapping;
	struct folio_batch batch;
	unsigned int i;
	int err;

	first = max(first, w->first);
	last = min(last, w->last);
	folio_batch_init(&batch);
	while (first <= last && filemap_get_folios(mapping, &first, last, &batch)) {
		for (i = 0; i < folio_batch_count(&batch); i++) {
			if (!folio_maybe_dma_pinned(batch.folios[i]))
				continue;
			err = redirty_folio(w, batch.folios[i]);
			/* The next fsync says so. */
			if (err)
				mapping_set_error(mapping, err);
		}
		folio_batch_release(&batch);
		cond_resched();
	}
}

/* pinned_put() it. */
static struct pinned *find_written(struct address_space *mapping)
{
	struct pinned *p = pinned_find(mapping);

	if (!p || pinned_written(p))
		return p;
	pinned_put(p);
	return NULL;
}

bool redirty_is_written(struct address_space *mapping)
{
	struct pinned *p = find_written(mapping);

	if (p)
		pinned_put(p);
	return p;
}

static bool is_owned(const struct rw_semaphore *sem)
{
	return (atomic_long_read(&sem->owner) & ~7L) == (long)current &&
	       !(atomic_long_read(&sem->owner) & 1);
}

/*
 * Before this range of the file is written back for somebody.  Who has locked the
 * file against page faults will not get what page_mkwrite wants: it is about to
 * take pages away, which are not pinned then, or to share blocks, see remove.c.
 */
void redirty_file(struct address_space *mapping, loff_t start, loff_t end)
{
	struct pinned *p;

	if (CONTROL || is_owned(&mapping->invalidate_lock))
		return;
	p = find_written(mapping);
	if (!p)
		return;
	redirty_pinned(pinned_written(p), start >> PAGE_SHIFT, end >> PAGE_SHIFT);
	pinned_put(p);
}

/*
 * All files of a file system, with s_umount held: it does not get past
 * SB_FREEZE_WRITE meanwhile.  Later than that page_mkwrite would wait for the thaw.
 */
void redirty_super(struct super_block *sb)
{
	u64 number = 0, last = pinned_last_written();
	struct pinned *p;

	if (CONTROL || sb_rdonly(sb) || sb->s_writers.frozen > SB_FREEZE_WRITE)
		return;
	while ((p = pinned_next_written(sb, &number, last))) {
		redirty_pinned(pinned_written(p), 0, ULONG_MAX);
		pinned_put(p);
	}
}

bool redirty_owns_umount(const struct super_block *sb)
{
	return is_owned(&sb->s_umount);
}

/*
 * Before pages that a device has written to are unpinned: are all of them of files
 * that are taken care of here?  They are pinned, but may be truncated at any time.
 * One that the file system does not let be made dirty is left clean.
 */
bool redirty_unpinned(struct page *page, unsigned long n)
{
	struct address_space *mapping;
	struct folio *folio, *last = NULL;
	struct pinned *p = NULL;
	bool all = true;
	unsigned long i;
	int err;

	for (i = 0; i < n; i++) {
		folio = page_folio(page + i);
		if (folio == last)
			continue;
		last = folio;
		mapping = folio_test_anon(folio) ? NULL : folio_mapping(folio);
		if (p && pinned_written(p)->file->f_mapping != mapping) {
			pinned_put(p);
			p = NULL;
		}
		if (!p && mapping)
			p = find_written(mapping);
		err = p ? redirty_folio(pinned_written(p), folio) : 0;
		/* The next fsync says so. */
		if (err)
			mapping_set_error(mapping, err);
		if (!p)
			all = false;
	}
	if (p)
		pinned_put(p);
	return all;
}
