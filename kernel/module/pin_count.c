// SPDX-License-Identifier: GPL-2.0
/*
 * /dev/layout_lease: a page in which a process sees how often the kernel has pinned
 * something for it, for long, that was not anonymous memory only.  What it pins
 * while that number stays the same has nothing to do with files, which it would
 * have to make system calls to know.
 */
#include "layout_lease.h"

#include <linux/hashtable.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

#define NO_COUNT	0	/* there is no telling */
#define FIRST_COUNT	1

/* A process that has opened the device; found under RCU */
struct counted {
	struct hlist_node	link;
	struct rcu_head		rcu;
	unsigned int		n_open;	/* under all_lock */
	struct mm_struct	*mm;
	atomic64_t		*count;	/* a page */
};

static DEFINE_HASHTABLE(all, 8);
static DEFINE_SPINLOCK(all_lock);	/* to add and delete */
static atomic_t n_all;

bool pin_count_any(void)
{
	return atomic_read(&n_all);
}

static struct counted *find(const struct mm_struct *mm)
{
	struct counted *c;

	hash_for_each_possible_rcu(all, c, link, (unsigned long)mm,
				   lockdep_is_held(&all_lock))
		if (c->mm == mm)
			return c;
	return NULL;
}

bool pin_count_is_wanted(const struct mm_struct *mm)
{
	bool found;

	if (!pin_count_any())
		return false;
	rcu_read_lock();
	found = find(mm);
	rcu_read_unlock();
	return found;
}

/* Up to 6.14 pages of DAX that files share are marked by the bit of anonymous ones. */
static bool is_anonymous(struct page *page)
{
	return !is_zone_device_page(page) && folio_test_anon(page_folio(page));
}

static bool are_anonymous(struct page **pages, long n)
{
	long i;

	for (i = 0; i < n; i++)
		if (!is_anonymous(pages[i]))
			return false;
	return true;
}

/* Before the process gets to know that they are pinned */
void pin_count(const struct mm_struct *mm, struct page **pages, long n)
{
	struct counted *c;

	if (n <= 0 || !pin_count_is_wanted(mm) || are_anonymous(pages, n))
		return;
	rcu_read_lock();
	c = find(mm);
	if (c)
		atomic64_add_unless(c->count, 1, NO_COUNT);
	rcu_read_unlock();
}

/* The hooks may not fire any more. */
void pin_count_end_all(void)
{
	struct counted *c;
	int i;

	spin_lock(&all_lock);
	hash_for_each(all, i, c, link)
		atomic64_set(c->count, NO_COUNT);
	spin_unlock(&all_lock);
}

static void free_counted(struct rcu_head *rcu)
{
	struct counted *c = container_of(rcu, struct counted, rcu);

	free_page((unsigned long)c->count);
	kfree(c);
}

static struct counted *new_counted(struct mm_struct *mm)
{
	struct counted *c = kzalloc(sizeof(*c), GFP_KERNEL_ACCOUNT);

	if (!c)
		return NULL;
	c->count = (atomic64_t *)get_zeroed_page(GFP_KERNEL_ACCOUNT);
	if (!c->count) {
		kfree(c);
		return NULL;
	}
	c->mm = mm;
	return c;
}

/* Under all_lock: pin_count_end_all() has been here, or is to come. */
static void enter(struct counted *c)
{
	atomic64_set(c->count, hooks_dead() ? NO_COUNT : FIRST_COUNT);
	mmgrab(c->mm);
	hash_add_rcu(all, &c->link, (unsigned long)c->mm);
	atomic_inc(&n_all);
}

static int open_count(struct inode *inode, struct file *file)
{
	struct mm_struct *mm = current->mm;
	struct counted *new, *c;

	if (!mm)
		return -EINVAL;
	new = new_counted(mm);
	if (!new)
		return -ENOMEM;
	spin_lock(&all_lock);
	c = find(mm);
	if (!c) {
		c = new;
		enter(c);
	}
	c->n_open++;
	spin_unlock(&all_lock);
	if (c != new)
		free_counted(&new->rcu);
	file->private_data = c;
	hooks_watch();
	return 0;
}

/* The last time nobody has it mapped any more. */
static int release_count(struct inode *inode, struct file *file)
{
	struct counted *c = file->private_data;
	bool is_last;

	spin_lock(&all_lock);
	is_last = !--c->n_open;
	if (is_last) {
		hash_del_rcu(&c->link);
		atomic_dec(&n_all);
	}
	spin_unlock(&all_lock);
	if (!is_last)
		return 0;
	mmdrop(c->mm);
	call_rcu(&c->rcu, free_counted);
	return 0;
}

/*
 * Not in a child of fork(2), of which it would not tell; as memory of a device, for
 * which madvise(2) neither changes that (MADV_DOFORK) nor drops the page.
 */
static int mmap_count(struct file *file, struct vm_area_struct *vma)
{
	struct counted *c = file->private_data;
	unsigned long pfn = page_to_pfn(virt_to_page(c->count));

	if (vma->vm_mm != c->mm || vma->vm_flags & VM_WRITE ||
	    vma->vm_end - vma->vm_start != PAGE_SIZE)
		return -EINVAL;
	change_vm_flags(vma, VM_DONTCOPY, VM_MAYWRITE);
	return remap_pfn_range(vma, vma->vm_start, pfn, PAGE_SIZE,
			       vma->vm_page_prot);
}

static const struct file_operations operations = {
	.owner = THIS_MODULE,
	.open = open_count,
	.release = release_count,
	.mmap = mmap_count,
};

static struct miscdevice device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "layout_lease",
	.fops = &operations,
	.mode = 0444,
};

int pin_count_init(void)
{
	return misc_register(&device);
}

void pin_count_exit(void)
{
	misc_deregister(&device);
	rcu_barrier();
}
