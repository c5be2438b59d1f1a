// SPDX-License-Identifier: GPL-2.0
/*
 * Whether F_LAYOUT_WRITE is to be had: on this kernel, for a file.  A way to write
 * back that gets past the hooks would be data that is lost and nobody told, so each
 * is tried when the module is loaded, and the kernel refused if one is not seen.
 */
#include "layout_lease.h"

#include <linux/err.h>
#include <linux/fs.h>
#include <linux/fs_context.h>
#include <linux/kallsyms.h>
#include <linux/mm.h>
#include <linux/mman.h>
#include <linux/mount.h>
#include <linux/pagemap.h>
#include <linux/pseudo_fs.h>
#include <linux/string.h>

#define MAGIC	0x1a1ea5e

static bool switched_on = true;
static const char *why_not = "not tried yet";
static char reason[KSYM_NAME_LEN + 64];

static int set_switch(const char *val, const struct kernel_param *kp)
{
	return kstrtobool(val, &switched_on);
}

static int get_state(char *buf, const struct kernel_param *kp)
{
	return sysfs_emit(buf, "%s%s\n", why_not ? "no: " : "yes",
			  why_not ?: "");
}

static const struct kernel_param_ops state_ops = {
	.set = set_switch, .get = get_state
};
module_param_cb(page_cache_write, &state_ops, NULL, 0444);
MODULE_PARM_DESC(page_cache_write, "F_LAYOUT_WRITE: yes, or why not; 0 to load without");

static int init_context(struct fs_context *fc)
{
	return init_pseudo(fc, MAGIC) ? 0 : -ENOMEM;
}

static struct file_system_type type = {
	.name = KBUILD_MODNAME,
	.init_fs_context = init_context,
	.kill_sb = kill_anon_super,
};

static const char *try_super(void)
{
	struct vfsmount *mnt = kern_mount(&type);
	const char *missed;

	if (IS_ERR(mnt))
		return "kern_mount";
	missed = sync_probe_super(mnt->mnt_sb);
	kern_unmount(mnt);
	return missed;
}

static const char *try_pin(struct file *file)
{
	unsigned long addr = vm_mmap(file, 0, PAGE_SIZE, PROT_READ | PROT_WRITE,
				     MAP_SHARED, 0);
	int err;

	if (IS_ERR_VALUE(addr))
		return "vm_mmap";
	err = sync_probe_pin(addr);
	vm_munmap(addr, PAGE_SIZE);
	return err ? "pin_user_pages" : NULL;
}

/* With a file in memory */
static const char *try(struct file *file)
{
	const char *function = hooks_writes();

	if (function) {
		snprintf(reason, sizeof(reason), "%s() cannot be hooked",
			 function);
		return reason;
	}
	/* The pin gives the file a page, which the others need. */
	function = try_pin(file) ?: try_super() ?: sync_probe(file);
	if (!function)
		return NULL;
	snprintf(reason, sizeof(reason), "%s() gets past the hooks", function);
	return reason;
}

void sync_test_init(struct file *file)
{
	if (!switched_on)
		why_not = "switched off";
	else if (IS_ENABLED(CONFIG_LTO))
		why_not = "built with LTO, which may inline anything";
	else
		why_not = try(file);
	if (why_not)
		pr_info("no F_LAYOUT_WRITE: %s\n", why_not);
}

/* Pages in memory are not written back. */
bool sync_is_needed(const struct inode *inode)
{
	unsigned int owner = fs_owner(inode);

	return !selftest_is(inode) && owner != TMPFS && owner != HUGETLBFS;
}

/* With data=journal, for all files or this one, jbd2 writes the pages. */
static bool is_journalled(const struct inode *inode)
{
	char name[KSYM_SYMBOL_LEN];

	if (fs_owner(inode) != EXT4)
		return false;
	sprint_symbol_no_offset(name, (unsigned long)
				inode->i_mapping->a_ops->dirty_folio);
	return !str_has_prefix(name, "ext4_dirty_folio");
}

/*
 * What is being written to the disk changes under the file system, which must not
 * sum it up, copy or encrypt it.  btrfs and f2fs may do all of that.
 */
bool sync_keeps(struct inode *inode)
{
	unsigned int owner = fs_owner(inode);

	if (!sync_is_needed(inode))
		return true;
	return !why_not && (owner == EXT4 || owner == XFS) && !IS_DAX(inode) &&
	       !mapping_stable_writes(inode->i_mapping) &&
	       !IS_ENCRYPTED(inode) && !IS_VERITY(inode) &&
	       !is_journalled(inode);
}
