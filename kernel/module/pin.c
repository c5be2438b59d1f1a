// SPDX-License-Identifier: GPL-2.0
/*
 * Long-term pins by processes that hold a layout lease: who asks for them, and of
 * which kind of file.  Those of files with DAX are pinned without FOLL_LONGTERM,
 * which GUP refuses for them (check_vma_flags() of mm/gup.c).  What else the flag
 * does, moving pages out of ZONE_MOVABLE and CMA, is not for pages of DAX.
 */
#include "layout_lease.h"

#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

atomic_t count_refused_pins;

/*
 * A read-only pin must not be of the zero page, which stands for a hole or an
 * unwritten extent, nor of a block that is marked as shared by reflink: it may
 * be marked still when it is not shared any more, and up to 6.14 FOLL_PIN of it
 * loops for ever.  It is not known without looking, so look with FOLL_GET.  This
 * reference also keeps the block the file's own until it is pinned.
 */
static long pin_read_only(struct vm_area_struct *vma, unsigned long addr,
			  unsigned long n, unsigned int flags,
			  struct page **pages)
{
	struct page **seen = kvmalloc_array(n, sizeof(*seen), GFP_KERNEL);
	struct address_space *mapping = vma->vm_file->f_mapping;
	long got, own, i, ret = 0;

	if (!seen)
		return -ENOMEM;
	got = get_user_pages(addr, n, flags, seen NO_VMAS);
	for (own = 0; own < got; own++)
		if (!is_zone_device_page(seen[own]) ||
		    page_folio(seen[own])->mapping != mapping)
			break;
	if (got <= 0)
		ret = got ?: -EFAULT;
	else if (own)
		ret = pin_user_pages(addr, own, flags, pages NO_VMAS);
	else if (!(vma->vm_flags & VM_WRITE))
		ret = is_zone_device_page(seen[0]) ? -EOPNOTSUPP : -EFAULT;
	for (i = 0; i < ret; i++)
		if (WARN_ON_ONCE(pages[i] != seen[i])) {
			unpin_user_pages(pages, ret);
			ret = -EFAULT;
		}
	for (i = 0; i < got; i++)
		put_page(seen[i]);
	kvfree(seen);
	/* The first one needs a write fault. */
	return ret ?: pin_user_pages(addr, 1, flags | FOLL_WRITE, pages NO_VMAS);
}

#ifdef CONFIG_CMA
LOOKUP(migratetype, CORE, MIGRATETYPE_SYMBOL, migratetype_fn, NULL, NULL);

static bool is_in_cma(struct page *page)
{
	return ORIG(migratetype)(MIGRATETYPE_ARGS(page)) == MIGRATE_CMA;
}
#else
static bool is_in_cma(struct page *page)
{
	return false;
}
#endif

/* Copies that can stay where they are as long as they are pinned */
static bool can_stay(struct page **pages, long n)
{
	long i;

	for (i = 0; i < n; i++)
		if (is_zone_device_page(pages[i]) ||
		    is_zone_movable_page(pages[i]) || is_in_cma(pages[i]))
			return false;
	return true;
}

/*
 * In a private mapping, have it copied first; the file does not matter then.  New
 * copies are where they can stay.  One that was there before and is not (CMA,
 * ZONE_MOVABLE) would have to be moved, which only FOLL_LONGTERM does.
 */
static long pin_private(struct vm_area_struct *vma, unsigned long addr,
			unsigned long n, unsigned int flags,
			struct page **pages)
{
	unsigned int saved;
	long ret;

	flags |= FOLL_WRITE | (vma->vm_flags & VM_WRITE ? 0 : FOLL_FORCE);
	saved = memalloc_pin_save();
	ret = pin_user_pages(addr, n, flags, pages NO_VMAS);
	memalloc_pin_restore(saved);
	if (can_stay(pages, ret))
		return ret;
	unpin_user_pages(pages, ret);
	return -EOPNOTSUPP;
}

/* Again if write(2) dropped entries meanwhile, perhaps of what was just pinned */
static long pin_settled(struct vm_area_struct *vma, unsigned long addr,
			unsigned long n, unsigned int flags,
			struct page **pages)
{
	struct inode *inode = file_inode(vma->vm_file);
	long ret;

	for (;;) {
		if (flags & FOLL_WRITE)
			ret = pin_user_pages(addr, n, flags, pages NO_VMAS);
		else
			ret = pin_read_only(vma, addr, n, flags, pages);
		smp_mb();	/* pairs with operation_begin_invalidate() */
		if (ret <= 0 || !operation_invalidates(inode))
			return ret;
		unpin_user_pages(pages, ret);
		if (fatal_signal_pending(current))
			return -EINTR;
		schedule_timeout_uninterruptible(1);
	}
}

static bool may_pin(struct inode *inode)
{
	return lease_held(inode) && !hooks_dead();
}

/* Pages of the file, and known to be: who breaks the lease will look for them. */
static long pin_known(struct vm_area_struct *vma, unsigned long addr,
		      unsigned long n, unsigned int flags, struct page **pages,
		      unsigned long caller)
{
	struct address_space *mapping = vma->vm_file->f_mapping;
	pgoff_t index = linear_page_index(vma, addr);
	struct pinned *p;
	long ret;

	p = pinned_get(vma->vm_file, index, index + n - 1);
	if (!p)
		return -ENOMEM;
	if (vma_is_fsdax(vma))
		ret = pin_settled(vma, addr, n, flags, pages);
	else
		ret = pin_cached(p, vma, addr, n, flags, pages, caller);
	/* A break either sees the pins or is seen here. */
	smp_mb();
	if (ret > 0 && (!may_pin(file_inode(vma->vm_file)) ||
			!busy_seen(mapping, index, pages, ret))) {
		unpin_user_pages(pages, ret);
		ret = -EOPNOTSUPP;
	}
	pinned_put(p);
	return ret;
}

static long pin_file(struct vm_area_struct *vma, unsigned long addr,
		     unsigned long n, unsigned int flags, struct page **pages,
		     unsigned long caller)
{
	struct inode *inode = file_inode(vma->vm_file);

	if (!fs_can_lease(inode) || !may_pin(inode)) {
		atomic_inc(&count_refused_pins);
		return -EOPNOTSUPP;
	}
	if (vma_is_fsdax(vma))
		flags = short_term_flags(flags, vma);
	if (is_cow_mapping(vma->vm_flags))
		return pin_private(vma, addr, n, flags, pages);
	return pin_known(vma, addr, n, flags, pages, caller);
}

/* Is it for us, and not what any process may do? */
static bool is_ours(struct vm_area_struct *vma, unsigned long caller)
{
	return vma_is_fsdax(vma) || pin_is_cached(vma, caller);
}

static bool has_ours(struct mm_struct *mm, unsigned long start,
		     unsigned long nr, unsigned int flags, unsigned long caller)
{
	unsigned long addr = start & PAGE_MASK, end = addr + nr * PAGE_SIZE;
	struct vm_area_struct *vma;

	if (!(flags & FOLL_LONGTERM) || mm != current->mm || !lease_any())
		return false;
	for (; addr < end; addr = vma->vm_end) {
		vma = find_vma(mm, addr);
		if (!vma || vma->vm_start >= end)
			break;
		if (is_ours(vma, caller))
			return true;
	}
	return false;
}

/*
 * With the mmap_lock of the current process held: like pin_user_pages(), the
 * number of pages that are pinned, or an error if there are none.
 */
static long pin(unsigned long addr, unsigned long nr, unsigned int flags,
		struct page **pages, unsigned long caller)
{
	struct vm_area_struct *vma;
	unsigned long n, done;
	long ret = 0;

	for (done = 0; done < nr; done += ret) {
		unsigned long at = addr + done * PAGE_SIZE;

		vma = vma_lookup(current->mm, at);
		if (!vma) {
			ret = -EFAULT;
			break;
		}
		n = min(nr - done, (vma->vm_end - at) / PAGE_SIZE);
		if (is_ours(vma, caller))
			ret = pin_file(vma, at, n, flags, pages + done, caller);
		else
			ret = pin_user_pages(at, n, flags, pages + done NO_VMAS);
		if (ret <= 0)
			break;
	}
	return done ?: ret;
}

/*
 * The four ways to FOLL_PIN.  pin_user_pages_fast() is that of RDMA
 * (ib_umem_get()) and io_uring; the others those of vDPA, siw, VFIO and more.
 * A replacement returns to who called the function: that is _RET_IP_ in it.
 */

static bool wants_flags(const struct mm_struct *mm, unsigned long flags)
{
	return (flags & FOLL_LONGTERM) &&
	       (lease_any() || pin_count_is_wanted(mm));
}

static bool wants_third(struct ftrace_regs *regs)
{
	return wants_flags(current->mm, ftrace_regs_get_argument(regs, 2));
}

static bool wants_fourth(struct ftrace_regs *regs)
{
	return wants_flags(current->mm, ftrace_regs_get_argument(regs, 3));
}

/* Of a process that it says */
static bool wants_remote(struct ftrace_regs *regs)
{
	return wants_flags(ARG(regs, 0), ftrace_regs_get_argument(regs, 3));
}

/* Of those that take the mmap_lock: 0 if the pin is not for this module */
static long pin_locking(unsigned long start, unsigned long nr,
			unsigned int flags, struct page **pages,
			unsigned long caller)
{
	long ret = 0;

	if (!lease_any())
		return 0;
	if (mmap_read_lock_killable(current->mm))
		return -EINTR;
	if (has_ours(current->mm, start, nr, flags, caller))
		ret = pin(start & PAGE_MASK, nr, flags, pages, caller);
	mmap_read_unlock(current->mm);
	return ret;
}

static int new_pin_fast(unsigned long start, int nr, unsigned int flags,
			struct page **pages);
HOOK(pin_fast, CORE, "pin_user_pages_fast", new_pin_fast, wants_third);

static noinline int new_pin_fast(unsigned long start, int nr,
				 unsigned int flags, struct page **pages)
{
	int ret;

	hook_enter();
	ret = pin_locking(start, nr, flags, pages, _RET_IP_) ?:
	      ORIG(pin_fast)(start, nr, flags, pages);
	pin_count(current->mm, pages, ret);
	hook_leave();
	return ret;
}

static long new_pin_unlocked(unsigned long start, unsigned long nr,
			     struct page **pages, unsigned int flags);
HOOK(pin_unlocked, CORE, "pin_user_pages_unlocked", new_pin_unlocked,
     wants_fourth);

static noinline long new_pin_unlocked(unsigned long start, unsigned long nr,
				      struct page **pages, unsigned int flags)
{
	long ret;

	hook_enter();
	ret = pin_locking(start, nr, flags, pages, _RET_IP_) ?:
	      ORIG(pin_unlocked)(start, nr, pages, flags);
	pin_count(current->mm, pages, ret);
	hook_leave();
	return ret;
}

static long new_pin(unsigned long start, unsigned long nr, unsigned int flags,
		    struct page **pages VMAS_ARG);
HOOK(pin, CORE, "pin_user_pages", new_pin, wants_third);

/* The caller holds the mmap_lock. */
static noinline long new_pin(unsigned long start, unsigned long nr,
			     unsigned int flags, struct page **pages VMAS_ARG)
{
	long ret;

	hook_enter();
	if (!vmas_wanted && has_ours(current->mm, start, nr, flags, _RET_IP_))
		ret = pin(start & PAGE_MASK, nr, flags, pages, _RET_IP_);
	else
		ret = ORIG(pin)(start, nr, flags, pages PASS_VMAS);
	pin_count(current->mm, pages, ret);
	hook_leave();
	return ret;
}

static long new_pin_remote(struct mm_struct *mm, unsigned long start,
			   unsigned long nr, unsigned int flags,
			   struct page **pages VMAS_ARG, int *locked);
HOOK(pin_remote, CORE, "pin_user_pages_remote", new_pin_remote, wants_remote);

/* The caller holds the mmap_lock of mm, and finds it held afterwards. */
static noinline long new_pin_remote(struct mm_struct *mm, unsigned long start,
				    unsigned long nr, unsigned int flags,
				    struct page **pages VMAS_ARG, int *locked)
{
	long ret;

	hook_enter();
	if (!vmas_wanted && has_ours(mm, start, nr, flags, _RET_IP_))
		ret = pin(start & PAGE_MASK, nr, flags, pages, _RET_IP_);
	else
		ret = ORIG(pin_remote)(mm, start, nr, flags, pages PASS_VMAS,
				       locked);
	pin_count(mm, pages, ret);
	hook_leave();
	return ret;
}

/* For the self-test: what became of pinning one page, 0 or an error */
static int unpin(long ret, struct page **page)
{
	if (ret == 1)
		pin_probe_unpin(*page);
	return ret == 1 ? 0 : ret ?: -EFAULT;
}

int pin_probe(unsigned long addr)
{
	struct mm_struct *mm = current->mm;
	struct page *page;
	int err;

	err = unpin(new_pin_fast(addr, 1, FOLL_WRITE, &page), &page) ?:
	      unpin(new_pin_unlocked(addr, 1, &page, FOLL_WRITE), &page);
	if (err)
		return err;
	mmap_read_lock(mm);
	err = unpin(new_pin(addr, 1, FOLL_WRITE, &page NO_VMAS), &page) ?:
	      unpin(new_pin_remote(mm, addr, 1, FOLL_WRITE, &page NO_VMAS,
				   NULL), &page);
	mmap_read_unlock(mm);
	return err;
}

struct hook *const pin_hooks[] = {
	&hook_pin_fast, &hook_pin_unlocked, &hook_pin, &hook_pin_remote,
#ifdef CONFIG_CMA
	&hook_migratetype,
#endif
	NULL
};
