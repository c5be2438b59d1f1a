// SPDX-License-Identifier: GPL-2.0
/*
 * Files with long-term pins, and what of them is pinned.  From the first pin to
 * the last a reference to the path keeps the inode, and so an unlinked file's
 * blocks.
 */
#include "pinned.h"

#include <linux/fs.h>
#include <linux/hashtable.h>
#include <linux/pagemap.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/wait_bit.h>
#include <linux/workqueue.h>

/* Not every unpin wakes those who wait: none of a page of DAX that is mapped. */
#define LOOK_AGAIN	(HZ / 10)

#define RANGES_AT_A_TIME	1024

atomic_t count_pinned_files;
static DEFINE_HASHTABLE(files, 8);	/* under file_lock, as is: */
LIST_HEAD(pinned_list);
static DECLARE_WAIT_QUEUE_HEAD(unpinned);

static void sweep(struct work_struct *work);
static DECLARE_DELAYED_WORK(sweep_work, sweep);

/* The first range of pins that does not end before *first */
static bool range_next(struct pinned *p, pgoff_t *first, pgoff_t *last)
{
	MA_STATE(mas, &p->ranges, *first, *first);
	void *entry;

	rcu_read_lock();
	entry = mas_find(&mas, ULONG_MAX);
	if (entry) {
		*first = mas.index;
		*last = mas.last;
	}
	rcu_read_unlock();
	return entry;
}

/* With those that it touches, for memory regions side by side are one. */
static int range_add(struct pinned *p, pgoff_t first, pgoff_t last)
{
	MA_STATE(mas, &p->ranges, first ? first - 1 : 0, 0);
	pgoff_t end = last == ULONG_MAX ? last : last + 1;
	void *entry;
	int err;

	mutex_lock(&p->mutex);
	rcu_read_lock();
	mas_for_each(&mas, entry, end) {
		first = min(first, mas.index);
		last = max(last, mas.last);
	}
	rcu_read_unlock();
	err = mtree_store_range(&p->ranges, first, last, p, GFP_KERNEL);
	mutex_unlock(&p->mutex);
	return err;
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

struct pinned *pinned_find(struct address_space *mapping)
{
	struct pinned *p;

	spin_lock(&file_lock);
	p = find(mapping);
	if (p)
		p->users++;
	spin_unlock(&file_lock);
	return p;
}

static void put(struct pinned *p)
{
	spin_lock(&file_lock);
	p->users--;
	spin_unlock(&file_lock);
}

/* The first page from *first on that is in use, of a file with pins; its index */
struct page *pinned_page_from(struct address_space *mapping, pgoff_t *first)
{
	struct pinned *p = CONTROL ? NULL : pinned_find(mapping);
	struct page *page = NULL;
	pgoff_t start, last;

	if (!p)
		return NULL;
	for (start = *first; range_next(p, &start, &last); start = last + 1) {
		*first = max(*first, start);
		page = busy_page_from(mapping, first, last);
		if (page || last == ULONG_MAX)
			break;
	}
	put(p);
	return page;
}

/* Has the file long-term pins, or had them just now? */
bool pinned_is(struct address_space *mapping)
{
	bool is;

	spin_lock(&file_lock);
	is = find(mapping);
	spin_unlock(&file_lock);
	return is;
}

/* A page that is in use, of a file with long-term pins */
struct page *pinned_page(struct address_space *mapping)
{
	pgoff_t first = 0;

	return pinned_page_from(mapping, &first);
}

static long wait_idle(struct address_space *mapping, struct page *page,
		      long timeout)
{
	if (!dax_mapping(mapping))
		return wait_event_interruptible_timeout(
			unpinned, !busy_page(mapping, page), timeout);
	return ___wait_var_event(dax_page_waitqueue(page),
				 ___wait_cond_timeout(!dax_page_busy(page)),
				 TASK_INTERRUPTIBLE, 0, timeout,
				 __ret = schedule_timeout(__ret));
}

/* Pages of some page cache have been unpinned. */
void pinned_wake(void)
{
	if (wq_has_sleeper(&unpinned))
		wake_up_all(&unpinned);
}

/* The next file to look at */
static struct pinned *next(void)
{
	struct pinned *p;

	spin_lock(&file_lock);
	p = list_first_entry_or_null(&pinned_list, struct pinned, list);
	if (p) {
		list_move_tail(&p->list, &pinned_list);
		p->users++;
	}
	spin_unlock(&file_lock);
	return p;
}

static bool is_only_user(struct pinned *p)
{
	bool is_only;

	spin_lock(&file_lock);
	is_only = p->users == 1;
	spin_unlock(&file_lock);
	return is_only;
}

/*
 * Forget ranges that are idle: some at a time, for who comes to pin waits, and
 * then adds his again.
 */
static void forget_idle(struct pinned *p)
{
	pgoff_t first = p->next, last, at;
	unsigned int n = RANGES_AT_A_TIME;

	mutex_lock(&p->mutex);
	for (; n && is_only_user(p) && range_next(p, &first, &last); n--) {
		at = first;
		if (!busy_page_from(p->mapping, &at, last))
			mtree_erase(&p->ranges, first);
		first = last + 1;
		if (!first)
			break;
	}
	/* From the start again when all have been looked at */
	p->next = n ? 0 : first;
	mutex_unlock(&p->mutex);
}

static void looked_at(struct pinned *p)
{
	spin_lock(&file_lock);
	if (--p->users || !mtree_empty(&p->ranges)) {
		spin_unlock(&file_lock);
		return;
	}
	hash_del(&p->node);
	list_del(&p->list);
	spin_unlock(&file_lock);
	redirty_forget(&p->written);
	path_put(&p->path);
	mtree_destroy(&p->ranges);
	kfree(p);
	atomic_dec(&count_pinned_files);
	module_put(THIS_MODULE);
}

/* Nothing tells when the last page is unpinned; less often for many files. */
static void sweep(struct work_struct *work)
{
	unsigned int n = atomic_read(&count_pinned_files), left;
	struct pinned *p;

	for (left = n; left && (p = next()); left--) {
		forget_idle(p);
		looked_at(p);
	}
	if (atomic_read(&count_pinned_files))
		queue_delayed_work(queue, &sweep_work,
				   LOOK_AGAIN + msecs_to_jiffies(n / 8));
}

static void enter(struct pinned *p, struct file *file)
{
	p->mapping = file->f_mapping;
	p->path = file->f_path;
	path_get(&p->path);
	mutex_init(&p->mutex);
	mt_init_flags(&p->ranges, MT_FLAGS_USE_RCU);
	atomic_inc(&count_pinned_files);
	hash_add(files, &p->node, (unsigned long)p->mapping);
	list_add_tail(&p->list, &pinned_list);
}

static struct pinned *get_or_enter(struct file *file)
{
	struct pinned *p, *new = kzalloc(sizeof(*new), GFP_KERNEL);

	spin_lock(&file_lock);
	p = find(file->f_mapping);
	if (!p && new && try_module_get(THIS_MODULE)) {
		p = new;
		new = NULL;
		enter(p, file);
	}
	if (p)
		p->users++;
	spin_unlock(&file_lock);
	kfree(new);
	return p;
}

/* Before pages of [first, last] are pinned; pinned_put() when they are. */
struct pinned *pinned_get(struct file *file, pgoff_t first, pgoff_t last)
{
	struct pinned *p = get_or_enter(file);

	if (p && range_add(p, first, last)) {
		pinned_put(p);
		p = NULL;
	}
	if (p)
		hooks_watch();
	return p;
}

void pinned_put(struct pinned *p)
{
	put(p);
	queue_delayed_work(queue, &sweep_work, LOOK_AGAIN);
}

/* Wait for the pins of inode until lease-break-time is over. */
int pinned_wait(struct inode *inode, unsigned long start)
{
	pgoff_t first = 0;
	struct page *page;
	long left = LOOK_AGAIN, ret;

	while ((page = pinned_page_from(inode->i_mapping, &first))) {
		if (*lease_break_time > 0)
			left = start + (long)*lease_break_time * HZ - jiffies;
		if (left <= 0) {
			atomic_inc(&count_timeouts);
			return -ETXTBSY;
		}
		ret = wait_idle(inode->i_mapping, page,
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
	list_for_each_entry(p, &pinned_list, list)
		if (!p->broken) {
			found = p;
			p->broken = true;
			p->users++;
			break;
		}
	spin_unlock(&file_lock);
	return found;
}

static void break_file(struct pinned *p)
{
	struct operation op;

	operation_begin(&op, p->mapping->host, NULL, true);
	operation_break_nowait(&op, p->mapping->host);
	operation_end(&op);
}

/* Have the holders of all files give up what nothing protects any more. */
void pinned_break_all(void)
{
	struct pinned *p;

	while ((p = next_to_break())) {
		break_file(p);
		pinned_put(p);
	}
}

/* The same for a file, if it has pins: it has lost a page already. */
void pinned_break(struct address_space *mapping)
{
	struct pinned *p = pinned_find(mapping);

	if (!p)
		return;
	break_file(p);
	put(p);
}

void pinned_exit(void)
{
	cancel_delayed_work_sync(&sweep_work);
}
