/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Whatever differs between Linux 6.1 and 7.2, and nothing else.  The sources
 * that each line was read against: 6.1.192, 6.12.117 and 7.2.13 of Debian.
 */
#ifndef LAYOUT_LEASE_COMPAT_H
#define LAYOUT_LEASE_COMPAT_H

#include <linux/cred.h>
#include <linux/dax.h>
#include <linux/fs.h>
#include <linux/ftrace.h>
#include <linux/mm.h>
#include <linux/version.h>
#include <linux/xarray.h>

#define SINCE(a, b)	(LINUX_VERSION_CODE >= KERNEL_VERSION(a, b, 0))

/* Leases have a structure of their own since 6.9. */
#if SINCE(6, 9)
#include <linux/filelock.h>
typedef struct file_lease lease_t;
typedef struct lease_manager_operations lease_ops_t;
#define lc(fl, field)		((fl)->c.flc_##field)
#define lc_list			c.flc_list
#define lc_flags_of_link(v) \
	(hlist_entry((struct hlist_node *)(v), struct file_lock_core, flc_link)->flc_flags)
#define lease_alloc		locks_alloc_lease
#define lease_free		locks_free_lease
#else
#if SINCE(6, 3)
#include <linux/filelock.h>
#endif
typedef struct file_lock lease_t;
typedef struct lock_manager_operations lease_ops_t;
#define lc(fl, field)		((fl)->fl_##field)
#define lc_list			fl_list
#define lc_flags_of_link(v) \
	(hlist_entry((struct hlist_node *)(v), struct file_lock, fl_link)->fl_flags)
#define lease_alloc		locks_alloc_lock
#define lease_free		locks_free_lock
#endif

/* Is the caller the owner of the file?  As vfs_setlease() has it. */
static inline bool owns_file(struct file *file)
{
	struct inode *inode = file_inode(file);

#if SINCE(6, 3)
	return vfsuid_eq_kuid(i_uid_into_vfsuid(file_mnt_idmap(file), inode),
			      current_fsuid());
#else
	return uid_eq(current_fsuid(), inode->i_uid);
#endif
}

/* Who gets the signal is allocated on demand since 6.12. */
#if !SINCE(6, 12)
static inline int file_f_owner_allocate(struct file *file)
{
	return 0;
}
#endif

/* GUP returned the vmas, too, up to 6.4. */
#if SINCE(6, 5)
#define VMAS_ARG
#define vmas_wanted		false
#define NO_VMAS
#define PASS_VMAS
#else
#define VMAS_ARG		, struct vm_area_struct **vmas
#define vmas_wanted		(vmas)
#define NO_VMAS			, NULL
#define PASS_VMAS		, vmas
#endif

/* The flags of a vma are only for functions since 6.3. */
static inline void change_vm_flags(struct vm_area_struct *vma,
				   unsigned long set, unsigned long clear)
{
#if SINCE(6, 3)
	vm_flags_mod(vma, set, clear);
#else
	vma->vm_flags = (vma->vm_flags | set) & ~clear;
#endif
}

/* They are a struct in 7.2. */
#if SINCE(7, 0)
#define NO_VM_FLAGS		EMPTY_VMA_FLAGS
#else
#define NO_VM_FLAGS		0
#endif

#if !SINCE(6, 2)
#define ftrace_regs_set_instruction_pointer ftrace_instruction_pointer_set
#define ftrace_regs_get_argument(regs, n) \
	regs_get_kernel_argument(&(regs)->regs, n)
#endif

/* Who freezes has a name since 6.6, and an owner later. */
#if SINCE(7, 0)
#define FREEZE_ARGS(sb)		sb, FREEZE_HOLDER_KERNEL, NULL
#elif SINCE(6, 6)
#define FREEZE_ARGS(sb)		sb, FREEZE_HOLDER_KERNEL
#else
#define FREEZE_ARGS(sb)		sb
#endif

/* What kallsyms_on_each_symbol() and the one for modules call */
#if SINCE(6, 4)
#define SYMBOL_FN(fn) \
	int fn(void *data, const char *name, unsigned long addr)
#else
#define SYMBOL_FN(fn) \
	int fn(void *data, const char *name, struct module *mod, unsigned long addr)
#endif

/*
 * Up to 6.1 RDMA asks for FOLL_FORCE | FOLL_WRITE if it only wants to read, and a
 * few others if they write.  Of what can be written to either gets what it wants.
 */
static inline unsigned int short_term_flags(unsigned int flags,
					    const struct vm_area_struct *vma)
{
	flags &= ~FOLL_LONGTERM;
	if (!SINCE(6, 2) && (flags & FOLL_FORCE)) {
		flags &= ~FOLL_FORCE;
		if (!(vma->vm_flags & VM_WRITE))
			flags &= ~FOLL_WRITE;
	}
	return flags;
}

/* What kind of memory a page is in, for CMA: not for modules */
#if SINCE(6, 17)
#define MIGRATETYPE_SYMBOL	"get_pfnblock_migratetype"
#define MIGRATETYPE_ARGS(page)	page, page_to_pfn(page)
typedef enum migratetype migratetype_fn(const struct page *, unsigned long);
#else
#define MIGRATETYPE_SYMBOL	"get_pfnblock_flags_mask"
#define MIGRATETYPE_ARGS(page)	page, page_to_pfn(page), MIGRATETYPE_MASK
typedef unsigned long migratetype_fn(const struct page *, unsigned long,
				     unsigned long);
#endif

/* Entries of a DAX mapping: DAX_* of fs/dax.c, the same from 6.1 to 7.2 */
#define ENTRY_SHIFT		4
#define ENTRY_PMD		(1UL << 1)
#define ENTRY_ZERO_PAGE		(1UL << 2)
#define ENTRY_EMPTY		(1UL << 3)

static inline struct page *dax_entry_page(void *entry)
{
	return pfn_to_page(xa_to_value(entry) >> ENTRY_SHIFT);
}

/*
 * Since 6.15 an entry is one folio, and being mapped counts as a reference
 * (dax_page_is_idle() there; page_ref_count() of 1 means idle before).
 */
#if SINCE(6, 15)
#define PAGES_PER_PMD_ENTRY	1

static inline bool dax_page_busy(struct page *page)
{
	struct folio *folio = page_folio(page);

	/* Two counters that change apart from each other, but for pins */
	return folio_maybe_dma_pinned(folio) ||
	       folio_ref_count(folio) != folio_mapcount(folio);
}

#define dax_page_waitqueue(page) (page)
#else
#define PAGES_PER_PMD_ENTRY	(PMD_SIZE / PAGE_SIZE)

static inline bool dax_page_busy(struct page *page)
{
	return page_ref_count(page) > 1;
}

#define dax_page_waitqueue(page) (&(page)->_refcount)
#endif

static inline unsigned long dax_entry_pages(void *entry)
{
	if (!xa_is_value(entry) ||
	    (xa_to_value(entry) & (ENTRY_ZERO_PAGE | ENTRY_EMPTY)))
		return 0;
	return xa_to_value(entry) & ENTRY_PMD ? PAGES_PER_PMD_ENTRY : 1;
}

/* Does a file system that waits for the pages of this entry wait for page? */
static inline bool dax_entry_has(void *entry, struct page *page)
{
	unsigned long n = dax_entry_pages(entry);
	struct page *first = n ? dax_entry_page(entry) : NULL;

#if SINCE(6, 15)
	return n && page_folio(page) == page_folio(first);
#else
	return n && page >= first && page < first + n;
#endif
}

/* How file systems look for busy pages: fs/ext4/inode.c, fs/xfs/xfs_file.c */
#if SINCE(6, 15)
#define BUSY_SYMBOL		"dax_break_layout"
#else
#define BUSY_SYMBOL		"dax_layout_busy_page"
#endif

#endif /* LAYOUT_LEASE_COMPAT_H */
