// SPDX-License-Identifier: GPL-2.0
/* Those of the files with long-term pins that a device writes to, and where. */
#include "pinned.h"

#include <linux/fs.h>
#include <linux/list.h>
#include <linux/spinlock.h>

static u64 last_written;	/* struct written: number; under file_lock */

struct written *pinned_written(struct pinned *p)
{
	return READ_ONCE(p->written.file) ? &p->written : NULL;
}

/* A device writes to [first, last], too: has file been taken for that? */
bool pinned_set_written(struct pinned *p, struct file *file,
			const struct vm_operations_struct *vm_ops,
			pgoff_t first, pgoff_t last)
{
	struct written *w = &p->written;
	bool is_first;

	spin_lock(&file_lock);
	is_first = !w->file;
	w->first = is_first ? first : min(w->first, first);
	w->last = max(w->last, last);
	if (is_first) {
		w->number = ++last_written;
		w->vm_ops = vm_ops;
		WRITE_ONCE(w->file, file);
	}
	spin_unlock(&file_lock);
	return is_first;
}

/* Before a walk, which is not to end with files that come meanwhile */
u64 pinned_last_written(void)
{
	u64 last;

	spin_lock(&file_lock);
	last = last_written;
	spin_unlock(&file_lock);
	return last;
}

/*
 * The file of a file system that a device has written to next after *number, up to
 * last.  By numbers, as others may walk, too, and each has to see all of them done.
 */
struct pinned *pinned_next_written(struct super_block *sb, u64 *number, u64 last)
{
	struct pinned *p, *found = NULL;

	spin_lock(&file_lock);
	list_for_each_entry(p, &pinned_list, list)
		if (p->written.file && p->mapping->host->i_sb == sb &&
		    p->written.number > *number && p->written.number <= last &&
		    (!found || p->written.number < found->written.number))
			found = p;
	if (found) {
		found->users++;
		*number = found->written.number;
	}
	spin_unlock(&file_lock);
	return found;
}
