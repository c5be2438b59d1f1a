// SPDX-License-Identifier: GPL-2.0
/*
 * Does each hook fire?  A lease, pins and a truncate on a file of our own, in
 * memory, by the ways that others take.  One that does not fire would be a break
 * that nobody sees.
 */
#include "layout_lease.h"

#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/fdtable.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/sched.h>
#include <linux/seq_file.h>
#include <linux/shmem_fs.h>
#include <linux/slab.h>

#define SIZE		(2 * PAGE_SIZE)
#define PATIENCE	(10 * HZ)
#define TEXT		SZ_64K

static struct file *file;

bool selftest_is(const struct inode *inode)
{
	return file && file_inode(file) == inode;
}

/* With a lease on lessee: as others read it */
static int test_show(struct file *lessee)
{
	struct file *locks = filp_open("/proc/locks", O_RDONLY, 0);
	char *text = kvmalloc(TEXT, GFP_KERNEL);
	loff_t pos = 0;
	ssize_t n = 0;
	int err = -EIO;

	if (IS_ERR(locks) || !text) {
		pr_err("the self-test cannot read /proc/locks\n");
		goto out;
	}
	n = kernel_read(locks, text, TEXT, &pos);
	if (n > 0 && strnstr(text, "LAYOUT", n) &&
	    show_layout_of(lessee, locks, text, TEXT))
		err = 0;
	else
		pr_err("/proc does not say LAYOUT\n");
out:
	kvfree(text);
	if (!IS_ERR(locks))
		fput(locks);
	return err;
}

static int test_pins(void)
{
	unsigned long addr = vm_mmap(file, 0, SIZE, PROT_READ | PROT_WRITE,
				     MAP_SHARED, 0);
	int err;

	if (IS_ERR_VALUE(addr)) {
		pr_err("the self-test cannot map its file: %ld\n", (long)addr);
		return (long)addr;
	}
	err = pin_probe(addr);
	vm_munmap(addr, SIZE);
	if (err)
		pr_err("the self-test cannot pin its page: %d\n", err);
	return err;
}

struct truncation {
	struct work_struct	work;
	struct completion	done;
	int			err;
};

static void truncate_file(struct work_struct *work)
{
	struct truncation *t = container_of(work, struct truncation, work);

	t->err = vfs_truncate(&file->f_path, PAGE_SIZE);
	complete(&t->done);
}

static bool is_broken(struct file *lessee)
{
	unsigned long end = jiffies + PATIENCE;
	enum lease_kind kind;

	do {
		if (lease_of(lessee, &kind, -1) == F_UNLCK)
			return kind == LEASE_LAYOUT;
		msleep(1);
	} while (time_before(jiffies, end));
	return false;
}

/* At once, which only kernel threads may */
struct closing {
	struct work_struct	work;
	struct file		*file;
};

static void close_file(struct work_struct *work)
{
	__fput_sync(container_of(work, struct closing, work)->file);
}

static void close_now(struct file *lessee)
{
	struct closing c = { .file = lessee };

	INIT_WORK_ONSTACK(&c.work, close_file);
	queue_work(queue, &c.work);
	flush_work(&c.work);
	destroy_work_on_stack(&c.work);
}

/* Somebody truncates the file; lessee is closed, which drops its lease. */
static int test_break(struct file *lessee)
{
	struct truncation t;
	bool broken, waited;

	INIT_WORK_ONSTACK(&t.work, truncate_file);
	init_completion(&t.done);
	queue_work(queue, &t.work);
	broken = is_broken(lessee);
	waited = !try_wait_for_completion(&t.done);
	close_now(lessee);
	if (waited)
		wait_for_completion(&t.done);
	destroy_work_on_stack(&t.work);
	if (broken && waited && !t.err &&
	    i_size_read(file_inode(file)) == PAGE_SIZE &&
	    !atomic_read(&count_leases))
		return 0;
	pr_err("a truncate %s, %s, and returned %d; %d leases are left\n",
	       broken ? "broke the lease" : "did NOT break the lease",
	       waited ? "waited" : "did NOT wait", t.err,
	       atomic_read(&count_leases));
	return -EIO;
}

static int test(void)
{
	struct file *lessee = dentry_open(&file->f_path, O_RDWR, current_cred());
	int err;

	if (IS_ERR(lessee))
		return PTR_ERR(lessee);
	err = setlease(0, lessee, F_LAYOUT);
	if (err)
		pr_err("the self-test gets no lease: %d\n", err);
	setlease_probe(lessee);
	err = err ?: test_show(lessee);
	err = err ?: test_pins();
	if (err)
		close_now(lessee);
	else
		err = test_break(lessee);
	invalidate_probe(file_inode(file));
	return err ?: hooks_all_seen();
}

int selftest_init(void)
{
	int err;

	file = shmem_file_setup("layout_lease", SIZE, NO_VM_FLAGS);
	if (IS_ERR(file)) {
		err = PTR_ERR(file);
		file = NULL;
		return err;
	}
	err = test();
	atomic_set(&count_breaks, 0);
	if (!err)
		sync_test_init(file);
	return err;
}

/* When the hooks are gone */
void selftest_exit(void)
{
	if (file)
		fput(file);
}

bool selftest_hooks_fire(void)
{
	return invalidate_probe(file_inode(file));
}
