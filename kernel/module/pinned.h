/* SPDX-License-Identifier: GPL-2.0 */
/* What is known of a file with long-term pins: for pinned.c and pinned_written.c */
#ifndef PINNED_H
#define PINNED_H

#include <linux/list.h>
#include <linux/maple_tree.h>
#include <linux/mutex.h>
#include <linux/path.h>

#include "layout_lease.h"

struct pinned {
	struct hlist_node	node;
	struct list_head	list;	/* pinned_list */
	struct path		path;
	struct address_space	*mapping;
	struct maple_tree	ranges;	/* of indices; what is pinned is in here */
	struct mutex		mutex;	/* held to change ranges */
	pgoff_t			next;	/* where forget_idle() goes on */
	unsigned int		users;	/* who make pins, or look */
	bool			broken;	/* by pinned_break_all() */
	struct written		written;	/* set once, under file_lock */
};

extern struct list_head pinned_list;	/* of all of them, under file_lock */

#endif /* PINNED_H */
