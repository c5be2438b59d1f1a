// SPDX-License-Identifier: GPL-2.0
/*
 * Files with long-term pins.  From the first pin to the last a reference to the
 * path keeps the inode, and so an unlinked file's blocks.
 */
#include "layout_lease.h"

#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/pagemap.h>
#include <linux/path.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

/* There is no wakeup for a page that is unpinned but still mapped. */
#define LOOK_AGAIN	(HZ / 10)

struct pinned {
	struct hlist_node	node;
	struct list_head	list;
	struct path		path;
	struct address_space	*mapping;
	pgoff_t			first, last;	/* all pins are in here */
	unsigned int		users, seq;	/* pins being made; how often */
	bool			broken;		/* by pinned_break_all() */
};

atomic_t count_pinned_files;
static DEFINE_HASHTABLE(files, 8);	/* under file_lock, as is: */
static LIST_HEAD(sweep_list);

static void sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, sweep);

/*
 * The first page from *first on that is in use beyond being mapped, and its
 * index.  dax_layout_busy_page() unmaps the file as well, and up to 6.14 finds
 * nothing in one that is not mapped.
 */
static struct page *busy_page(struct address_space *mapping, pgoff_t *first,
			      pgoff_t last)
{
	XA_STATE(xas, &mapping->i_pages, *first);
	struct page *page;
	unsigned long n;
	void *entry;

	rcu_read_lock();
	xas_for_each(&xas, entry, last) {
		if (xas_retry(&xas, entry))
			continue;
		n = dax_entry_pages(entry);
		for (page = n ? dax_entry_page(entry) : NULL; n; n--, page++)
			if (dax_page_busy(page))
				goto out;
		if (need_resched()) {
			xas_pause(&xas);
			rcu_read_unlock();
			cond_resched();
			rcu_read_lock();
		}
	}
	page = NULL;
out:
	rcu_read_unlock();
	*first = xas.xa_index;
	return page;
}

static struct pinned *find(struct address_space *mapping)
{
	struct pinned *p;

	lockdep_assert_held(&file_lock);
	hash_for_each_possible(files, p, node, (unsigned long)mapping)
		if (p->mapping == mapping)
			return p;
	return NULL;
}

/* The first page from *first on that is in use, of a file with pins; its index */
struct page *pinned_page_from(struct address_space *mapping, pgoff_t *first)
{
	pgoff_t last = 0;
	struct pinned *p;

	if (CONTROL)
		return NULL;
	spin_lock(&file_lock);
	p = find(mapping);
	if (p) {
		*first = max(*first, p->first);
		last = p->last;
	}
	spin_unlock(&file_lock);
	return p ? busy_page(mapping, first, last) : NULL;
}

/* A page that is in use, of a file with long-term pins */
struct page *pinned_page(struct address_space *mapping)
{
	pgoff_t first = 0;

	return pinned_page_from(mapping, &first);
}

static long wait_idle(struct page *page, long timeout)
{
	return ___wait_var_event(dax_page_waitqueue(page),
				 ___wait_cond_timeout(!dax_page_busy(page)),
				 TASK_INTERRUPTIBLE, 0, timeout,
				 __ret = schedule_timeout(__ret));
}

/*
 * The next file to look at, kept by its users; with what is pinned of it, as of
 * this seq.
 */
static struct pinned *next(unsigned int *seq, pgoff_t *first, pgoff_t *last)
{
	struct pinned *p;

	spin_lock(&file_lock);
	p = list_first_entry_or_null(&sweep_list, struct pinned, list);
	if (p) {
		list_move_tail(&p->list, &sweep_list);
		p->users++;
		*seq = p->seq;
		*first = p->first;
		*last = p->last;
	}
	spin_unlock(&file_lock);
	return p;
}

/* Let go of the file if it is idle and nobody has pinned more of it meanwhile. */
static void looked_at(struct pinned *p, bool idle, unsigned int seq)
{
	spin_lock(&file_lock);
	if (--p->users || !idle || p->seq != seq) {
		spin_unlock(&file_lock);
		return;
	}
	hash_del(&p->node);
	list_del(&p->list);
	spin_unlock(&file_lock);
	path_put(&p->path);
	kfree(p);
	atomic_dec(&count_pinned_files);
	module_put(THIS_MODULE);
}

/* Nothing tells when a page is unpinned, so look; less often for many files. */
static void sweep(struct work_struct *work)
{
	unsigned int n = atomic_read(&count_pinned_files), left, seq;
	pgoff_t first, last;
	struct pinned *p;

	for (left = n; left && (p = next(&seq, &first, &last)); left--)
		looked_at(p, !busy_page(p->mapping, &first, last), seq);
	if (atomic_read(&count_pinned_files))
		queue_delayed_work(queue, &sweep_work,
				   LOOK_AGAIN + msecs_to_jiffies(n / 8));
}

static void enter(struct pinned *p, struct file *file, pgoff_t first,
		  pgoff_t last)
{
	p->mapping = file->f_mapping;
	p->path = file->f_path;
	path_get(&p->path);
	p->first = first;
	p->last = last;
	atomic_inc(&count_pinned_files);
	hash_add(files, &p->node, (unsigned long)p->mapping);
	list_add_tail(&p->list, &sweep_list);
}

/* Before pages of [first, last] are pinned; pinned_put() when they are. */
struct pinned *pinned_get(struct file *file, pgoff_t first, pgoff_t last)
{
	struct pinned *p, *new;

	new = kzalloc(sizeof(*new), GFP_KERNEL);
	spin_lock(&file_lock);
	p = find(file->f_mapping);
	if (!p && new && try_module_get(THIS_MODULE)) {
		p = new;
		new = NULL;
		enter(p, file, first, last);
	}
	if (p) {
		p->first = min(p->first, first);
		p->last = max(p->last, last);
		p->users++;
		p->seq++;
	}
	spin_unlock(&file_lock);
	kfree(new);
	if (p)
		hooks_watch();
	return p;
}

void pinned_put(struct pinned *p)
{
	spin_lock(&file_lock);
	p->users--;
	spin_unlock(&file_lock);
	queue_delayed_work(queue, &sweep_work, LOOK_AGAIN);
}

/*
 * Will those who look for busy pages find these?  Copy-on-write of a part of a
 * huge page can leave the entry of blocks that the file has no more: a dirty one
 * stays (__dax_invalidate_entry()), and a page fault does not replace one
 * that is there (dax_insert_entry()).  It stays for as long as the inode does.
 */
bool pinned_seen(struct address_space *mapping, pgoff_t index,
		 struct page **pages, long n)
{
	long i;

	for (i = 0; i < n; i++)
		if (!dax_entry_has(xa_load(&mapping->i_pages, index + i),
				   pages[i]))
			return false;
	return true;
}

/* Wait for the pins of inode until lease-break-time is over. */
int pinned_wait(struct inode *inode, unsigned long start)
{
	pgoff_t first = 0;
	struct page *page;
	long left = LOOK_AGAIN, ret;

	while ((page = pinned_page_from(inode->i_mapping, &first))) {
		if (*lease_break_time > 0)
			left = start + *lease_break_time * HZ - jiffies;
		if (left <= 0) {
			atomic_inc(&count_timeouts);
			return -ETXTBSY;
		}
		ret = wait_idle(page,
					      min_t(long, left, LOOK_AGAIN));
		if (ret < 0)
			return ret;
	}
	return 0;
}

bool pinned_any(void)
{
	return atomic_read(&count_pinned_files);
}

static struct pinned *next_to_break(void)
{
	struct pinned *p, *found = NULL;

	spin_lock(&file_lock);
	list_for_each_entry(p, &sweep_list, list)
		if (!p->broken) {
			found = p;
			p->broken = true;
			p->users++;
			break;
		}
	spin_unlock(&file_lock);
	return found;
}

/* Have the holders of all files give up what nothing protects any more. */
void pinned_break_all(void)
{
	struct operation op;
	struct pinned *p;

	while ((p = next_to_break())) {
		operation_begin(&op, p->mapping->host, NULL, true);
		operation_break_nowait(&op, p->mapping->host);
		operation_end(&op);
		pinned_put(p);
	}
}

void pinned_exit(void)
{
	cancel_delayed_work_sync(&sweep_work);
}
