// SPDX-License-Identifier: GPL-2.0
/* Which files can have a layout lease. */
#include "layout_lease.h"

#include <linux/fs.h>
#include <linux/pagemap.h>
#include <linux/sched.h>

const char *const fs_names[FILE_SYSTEMS] = {
	"core", "ext4", "xfs", "btrfs", "f2fs", "tmpfs", "hugetlbfs"
};

unsigned int fs_owner(const struct inode *inode)
{
	const char *type = inode->i_sb->s_type->name;
	unsigned int owner;

	for (owner = CORE + 1; owner < FILE_SYSTEMS; owner++)
		if (!strcmp(type, fs_names[owner]))
			return owner;
	return CORE;
}

/* The file's blocks change places under the swap code, which knows no leases. */
bool fs_can_lease(struct inode *inode)
{
	unsigned int owner;

	if (!S_ISREG(inode->i_mode) || IS_SWAPFILE(inode))
		return false;
	if (selftest_is(inode))
		return true;
	owner = fs_owner(inode);
	return owner != CORE && hooks_on(owner);
}

/*
 * Do its pages stay in the cache as long as they are pinned?  f2fs has its garbage
 * collection try without end to drop a large folio (since 7.1), and up to 6.x
 * open(2) for writing may drop all pages of a file with huge ones.
 */
bool fs_keeps_cache(struct inode *inode)
{
	bool large = mapping_large_folio_support(inode->i_mapping);
	unsigned int owner = fs_owner(inode);

	if (IS_DAX(inode) || owner == TMPFS || owner == HUGETLBFS)
		return true;
	if (owner == F2FS && large)
		return false;
	return large || !IS_ENABLED(CONFIG_READ_ONLY_THP_FOR_FS);
}

bool fs_can_lease_dax(struct inode *inode)
{
	return IS_DAX(inode) && fs_can_lease(inode);
}

/*
 * xfs_vm_bmap() answers 0 if blocks of the file may be replaced by copy-on-write
 * (it has the reflink flag, or always_cow is on) or are on a realtime device,
 * and asks iomap_bmap() else (fs/xfs/xfs_aops.c).  That one is hooked, so only
 * the first half runs: no I/O, no walk, whatever the file has in it.
 */
static struct task_struct *asker;

static sector_t new_iomap_bmap(struct address_space *mapping, sector_t block,
			       const void *ops);

static bool wants_iomap_bmap(struct ftrace_regs *regs)
{
	return READ_ONCE(asker) == current;
}

/* A tail call of xfs_vm_bmap(), so to ftrace it comes from here. */
HOOK(iomap_bmap, XFS, "iomap_bmap", new_iomap_bmap, wants_iomap_bmap,
     .own_calls = true);

static noinline sector_t new_iomap_bmap(struct address_space *mapping,
					sector_t block, const void *ops)
{
	return 1;
}

typedef sector_t bmap_fn(struct address_space *mapping, sector_t block);
LOOKUP(xfs_vm_bmap, XFS, "xfs_vm_bmap", bmap_fn, NULL, NULL);

bool fs_may_share_blocks(struct inode *inode)
{
	sector_t answer;

	if (fs_owner(inode) != XFS)
		return false;
	WRITE_ONCE(asker, current);
	answer = ORIG(xfs_vm_bmap)(inode->i_mapping, 0);
	WRITE_ONCE(asker, NULL);
	return !answer;
}

struct hook *const fs_hooks[] = { &hook_iomap_bmap, &hook_xfs_vm_bmap, NULL };
