// SPDX-License-Identifier: GPL-2.0
/*
 * Operations on files that are under way.  One that takes blocks away breaks
 * the leases first and waits for the pins, where no lock of the file system is
 * held; until it is done there are no new leases, and so no new pins.  What the
 * file system itself waits for then, without a limit, are short-term pins.
 */
#include "layout_lease.h"

#include <linux/fs.h>
#include <linux/sched.h>

/* Protects operations here and the files of pinned.c. */
DEFINE_SPINLOCK(file_lock);
static LIST_HEAD(operations);

void operation_begin(struct operation *op, struct inode *inode,
		     struct inode *inode2, bool breaks)
{
	*op = (struct operation){
		.task = current,
		.inode = { inode, inode2 },
		.breaks = breaks,
	};
	spin_lock(&file_lock);
	list_add(&op->list, &operations);
	spin_unlock(&file_lock);
	/* Before it looks for leases; pairs with setlease(). */
	smp_mb();
}

void operation_end(struct operation *op)
{
	spin_lock(&file_lock);
	list_del(&op->list);
	spin_unlock(&file_lock);
}

static bool is_on(const struct operation *op, const struct inode *inode)
{
	return op->inode[0] == inode || op->inode[1] == inode;
}

bool operation_breaks(struct inode *inode)
{
	struct operation *op;
	bool breaks = false;

	spin_lock(&file_lock);
	list_for_each_entry(op, &operations, list)
		breaks |= op->breaks && is_on(op, inode);
	spin_unlock(&file_lock);
	return breaks;
}

void operation_begin_invalidate(struct operation *op, struct inode *inode)
{
	operation_begin(op, inode, NULL, false);
	WRITE_ONCE(op->invalidates, true);
	/* Before it looks for pins; pairs with pin_settled(). */
	smp_mb();
}

bool operation_invalidates(struct inode *inode)
{
	struct operation *op;
	bool invalidates = false;

	spin_lock(&file_lock);
	list_for_each_entry(op, &operations, list)
		invalidates |= READ_ONCE(op->invalidates) && is_on(op, inode);
	spin_unlock(&file_lock);
	return invalidates;
}

/* The innermost operation of this task on inode, or an empty one */
static struct operation own(struct inode *inode)
{
	struct operation *op, found = {};

	spin_lock(&file_lock);
	list_for_each_entry(op, &operations, list)
		if (op->task == current && is_on(op, inode)) {
			found = *op;
			break;
		}
	spin_unlock(&file_lock);
	return found;
}

bool operation_is_breaking(struct inode *inode)
{
	return own(inode).breaking;
}

bool operation_keeps_blocks(struct inode *inode)
{
	struct operation op = own(inode);

	return op.task && !op.breaks;
}

bool operation_is_own(struct inode *inode)
{
	return own(inode).breaks;
}

int operation_break_nowait(struct operation *op, struct inode *inode)
{
	int err;

	op->breaking = true;
	err = break_layout(inode, false);
	op->breaking = false;
	return err;
}

/*
 * Have the leases of inode given back, and then the pages: 0; -ETXTBSY if there
 * are pins when lease-break-time is over, counted from start; -ERESTARTSYS.
 */
int operation_break(struct operation *op, struct inode *inode,
		    unsigned long start)
{
	int err;

	op->breaking = true;
	err = break_layout(inode, true);
	op->breaking = false;
	return err ?: pinned_wait(inode, start);
}

/* Break the leases of two files, and begin an operation on them if that worked. */
int operation_begin_two(struct operation *op, struct inode *inode,
			struct inode *inode2)
{
	unsigned long start = jiffies;
	int err;

	operation_begin(op, inode, inode2, true);
	err = operation_break(op, inode, start);
	if (!err && inode2 && inode2 != inode)
		err = operation_break(op, inode2, start);
	if (err)
		operation_end(op);
	return err;
}
