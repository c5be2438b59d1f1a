// SPDX-License-Identifier: GPL-2.0
/* Layout leases in /proc/locks and /proc/PID/fdinfo: LAYOUT in place of LEASE */
#include "layout_lease.h"

#include <linux/fs.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/string.h>

static void say_layout(struct seq_file *m, size_t from)
{
	char *p;

	for (; from < m->count; from = p + 1 - m->buf) {
		p = strnstr(m->buf + from, "LEASE  ", m->count - from);
		if (!p)
			break;
		memcpy(p, "LAYOUT ", 7);
	}
}

static bool wants_locks_show(struct ftrace_regs *regs)
{
	return lc_flags_of_link(ARG(regs, 1)) & FL_LAYOUT;
}

static int new_locks_show(struct seq_file *m, void *v);
HOOK(locks_show, CORE, "locks_show", new_locks_show, wants_locks_show);

static noinline int new_locks_show(struct seq_file *m, void *v)
{
	size_t from = m->count;
	int ret;

	hook_enter();
	ret = ORIG(locks_show)(m, v);
	say_layout(m, from);
	hook_leave();
	return ret;
}

static void new_fd_locks(struct seq_file *m, struct file *file,
			 struct files_struct *files);
HOOK(fd_locks, CORE, "show_fd_locks", new_fd_locks, NULL);

static noinline void new_fd_locks(struct seq_file *m, struct file *file,
				  struct files_struct *files)
{
	size_t from = m->count;
	enum lease_kind kind;

	hook_enter();
	lease_of(file, &kind, -1);
	ORIG(fd_locks)(m, file, files);
	if (kind == LEASE_LAYOUT)
		say_layout(m, from);
	hook_leave();
}

bool show_layout_of(struct file *file, struct file *proc, char *text, size_t size)
{
	struct seq_file m = { .buf = text, .size = size, .file = proc };

	new_fd_locks(&m, file, current->files);
	return strnstr(text, "LAYOUT", m.count);
}

struct hook *const show_hooks[] = { &hook_locks_show, &hook_fd_locks, NULL };
