// SPDX-License-Identifier: GPL-2.0
/*
 * Long-term pins of page caches.  The kernel lets anybody have them, as far as it
 * does; this writes down those that RDMA and its kin make for holders of a layout
 * lease, so that who takes the pages away waits for them.
 */
#include "layout_lease.h"

#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/pagemap.h>
#include <linux/string.h>

static bool is_called_by(unsigned long caller, const char *function)
{
	char name[KSYM_SYMBOL_LEN];

	sprint_symbol_no_offset(name, caller);
	return str_has_prefix(name, function);
}

/*
 * RDMA, but for siw, which unpins in another way than is hooked.  It pins some
 * pages at a time, and the name of a function is slow to find.
 */
static unsigned long umem;	/* where it called from last */

static bool is_umem(unsigned long caller)
{
	if (READ_ONCE(umem) == caller)
		return true;
	if (!is_called_by(caller, "ib_umem_get") &&
	    !is_called_by(caller, "__ib_umem_get"))	/* 7.2 */
		return false;
	WRITE_ONCE(umem, caller);
	return true;
}

/* Nobody pins by a module that goes. */
void pin_forget_callers(void)
{
	WRITE_ONCE(umem, 0);
}

/*
 * io_uring pins what a program registers with it, and gives it back when the
 * program says so; no lease protects that.  Whoever else is in doubt counts.
 */
static bool counts(unsigned long caller)
{
	return is_umem(caller) || !is_called_by(caller, "io_pin_pages");
}

/* Of a holder; also of one whose lease is being broken, to be refused */
bool pin_is_cached(struct vm_area_struct *vma, unsigned long caller)
{
	struct inode *inode;

	if (!vma->vm_file || !(vma->vm_flags & VM_SHARED))
		return false;
	inode = file_inode(vma->vm_file);
	return !IS_DAX(inode) && fs_can_lease(inode) &&
	       lease_is_of_current(inode) && counts(caller);
}

/* 6.1 asks for FOLL_FORCE | FOLL_WRITE where it only reads. */
static bool is_for_writing(unsigned int flags)
{
	return (flags & FOLL_WRITE) && (SINCE(6, 2) || !(flags & FOLL_FORCE));
}

/* What the lease promises to keep */
static long pin_kept(struct pinned *p, struct vm_area_struct *vma,
		     unsigned long addr, unsigned long n, unsigned int flags,
		     struct page **pages, unsigned long caller)
{
	pgoff_t index = linear_page_index(vma, addr);

	if (!sync_keeps(file_inode(vma->vm_file)) ||
	    !vma->vm_ops->page_mkwrite || !is_umem(caller))
		return -EFAULT;
	return redirty_track(p, vma, index, index + n - 1) ?:
	       sync_pin(addr, n, flags, pages);
}

long pin_cached(struct pinned *p, struct vm_area_struct *vma,
		unsigned long addr, unsigned long n, unsigned int flags,
		struct page **pages, unsigned long caller)
{
	struct inode *inode = file_inode(vma->vm_file);

	if (is_for_writing(flags) && sync_is_needed(inode) &&
	    lease_writes(inode))
		return pin_kept(p, vma, addr, n, flags, pages, caller);
	return pin_user_pages(addr, n, flags, pages NO_VMAS);
}

/* How RDMA gives up a memory region: who waits for that may go on. */
static bool wants_unpin(struct ftrace_regs *regs)
{
	return pinned_any();
}

static void new_unpin(struct page *page, unsigned long n, bool make_dirty);
HOOK(unpin, CORE, "unpin_user_page_range_dirty_lock", new_unpin, wants_unpin);

static noinline void new_unpin(struct page *page, unsigned long n,
			       bool make_dirty)
{
	hook_enter();
	if (make_dirty && !CONTROL && atomic_read(&count_written_files))
		make_dirty = !redirty_unpinned(page, n);
	ORIG(unpin)(page, n, make_dirty);
	pinned_wake();
	hook_leave();
}

/* With a page that is pinned: unpins it */
void pin_probe_unpin(struct page *page)
{
	ORIG(unpin)(page, 1, false);
}

struct hook *const pin_cached_hooks[] = { &hook_unpin, NULL };
