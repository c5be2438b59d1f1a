// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* Sentences for which it is enough to know the cause. */
#include <errno.h>

#include "refusal/refusal.h"
#include "refusal/refusal_say.h"

/* More ways out, which depend on the machine and the file */
enum { OTHER_MEMORY = 1, OR_MODULE = 2 };

static const struct sentence {
	int error;
	int more;
	const char *text;
} sentences[] = {
	[CAUSE_OTHERS_LEASE] = { EBUSY, 0,
		"another process has an ordinary lease on the file and did not give it up at once; try again" },
	[CAUSE_OWN_LEASE] = { EBUSY, 0,
		"the program, one that it shares the open file with by fork(2), or one that was in this process before execve(2) has a lease on it, which pinsafe must not disturb; give it up, or close all descriptors and mappings of the file and open it anew" },
	[CAUSE_DIRECT] = { EINVAL, OR_MODULE,
		"the descriptor that it was mapped by has O_DIRECT, so that the program would read and write beside the pages that the device has; open the file without it, or turn it off by fcntl(2) with F_SETFL before registering" },
	[CAUSE_NOT_OWNER] = { EACCES, 0,
		"a lease is for the owner of a file, or for a process with CAP_LEASE (of the machine, not of a user name space); run as the owner or give the program that capability" },
	[CAUSE_NO_PERMISSION] = { EACCES, 0,
		"the file cannot be opened for reading any more, which a lease needs; give the program permission to read it" },
	[CAUSE_NO_PROC] = { ENOENT, 0,
		"the thread that holds leases has no /proc under its root, which is that of the thread that registered first, so it cannot open the file; mount /proc there, or register first in a thread that has it" },
	[CAUSE_LEASES_OFF] = { EOPNOTSUPP, 0,
		"leases are turned off on this machine; set /proc/sys/fs/leases-enable to 1" },
	[CAUSE_NO_LEASES] = { EOPNOTSUPP, OTHER_MEMORY | OR_MODULE,
		"the kernel grants no ordinary lease on this file" },
	[CAUSE_NO_SYSFS] = { EOPNOTSUPP, 0,
		"guard=layout, but nobody can tell whether the module layout_lease is there, because this thread has no /sys/module; mount /sys, or use guard=auto or guard=lease" },
	[CAUSE_CONTROL_MODULE] = { EOPNOTSUPP, 0,
		"the module that is loaded is layout_lease_control, which is for tests and protects nothing; unload it and load layout_lease" },
	[CAUSE_DAX_ONLY] = { EOPNOTSUPP, 0,
		"guard=layout, but what gives layout leases on this machine has them for files with DAX only; use guard=auto or guard=lease" },
	[CAUSE_CHECKSUMS] = { EOPNOTSUPP, OTHER_MEMORY,
		"btrfs has checksums of the pages that it writes back, and the device would change them meanwhile" },
	[CAUSE_STABLE_PAGES] = { EOPNOTSUPP, 0,
		"its disk needs pages that do not change while they are written back (queue/stable_writes), and the device would change them; use a file on another disk" },
	[CAUSE_BLIND_LEASES] = { EOPNOTSUPP, OTHER_MEMORY | OR_MODULE,
		"leases that this file system grants guard nothing, since the file can change behind them" },
	[CAUSE_NO_MEMORY_LEASES] = { EOPNOTSUPP, OR_MODULE,
		"shmem=guard, but the kernel grants no ordinary lease on such memory; set shmem=pass for it, or use a file on tmpfs" },
	[CAUSE_CANNOT_HOLD] = { EINVAL, OR_MODULE,
		"on_break=hold needs a layout lease, and this file can only have an ordinary one, which the kernel takes away after lease-break-time; set on_break=revoke for it" },
	[CAUSE_OTHER_KIND] = { EBUSY, 0,
		"guard=layout, but another memory region of this program is over the file under an ordinary lease; deregister that first" },
	[CAUSE_NO_ODP] = { EOPNOTSUPP, 0,
		"guard=odp, but the device or its driver has no on-demand paging for reliable connections; use guard=auto" },
	[CAUSE_MW_BIND] = { EOPNOTSUPP, 0,
		"with IBV_ACCESS_MW_BIND a bound memory window would keep the memory region from being revoked; register without it" },
	[CAUSE_REREG_ON_DEMAND] = { EOPNOTSUPP, 0,
		"ibv_rereg_mr() cannot put a memory region on demand; deregister and register instead" },
	[CAUSE_REREG_ACCESS] = { EOPNOTSUPP, 0,
		"ibv_rereg_mr() without IBV_REREG_MR_CHANGE_ACCESS would move a memory region here whose access is not known; change that, too, or deregister and register instead" },
};

int refusal_plain(const struct mapping_part *part, enum cause_kind why)
{
	const struct sentence *sentence;

	if (why >= sizeof(sentences) / sizeof(sentences[0]) ||
	    !sentences[why].text)
		return 0;
	sentence = &sentences[why];
	return refusal_say(part, sentence->error, "%s%s%s%s", sentence->text,
			   sentence->more & OTHER_MEMORY ? "; " : "",
			   sentence->more & OTHER_MEMORY
				   ? refusal_other_memory() : "",
			   sentence->more & OR_MODULE
				   ? refusal_or_module(part) : "");
}
