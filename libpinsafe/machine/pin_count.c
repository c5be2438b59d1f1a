// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/*
 * The count that the module keeps in memory of this process (/dev/layout_lease in
 * kernel/README.md).  It stays mapped as long as the process lives, for nobody
 * knows who reads it just now.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/sys.h"
#include "base/sys_lines.h"
#include "machine/pin_count.h"

static const uint64_t nobody_counts;
/* NULL: not looked for */
static const volatile uint64_t *_Atomic count;

/*
 * A container may have a node from before the module was loaded anew, whose number
 * is another device's by now, or an empty file where the node was to be.
 */
static bool is_device(int fd)
{
	char text[32], number[32];
	struct stat st;

	if (sys_fstat(fd, &st) ||
	    sys_read_line("/sys/class/misc/layout_lease/dev", text,
			  sizeof(text)))
		return false;
	snprintf(number, sizeof(number), "%u:%u", major(st.st_rdev),
		 minor(st.st_rdev));
	return !strcmp(text, number);
}

static const volatile uint64_t *map(void)
{
	int fd = sys_open("/dev/layout_lease", O_RDONLY | O_CLOEXEC, 0);
	long page = -1;

	if (fd < 0)
		return &nobody_counts;
	if (is_device(fd))
		page = SYS_CALL(mmap, NULL, sizeof(*count), PROT_READ,
				MAP_SHARED, fd, 0);
	(void)sys_close(fd);
	return page == -1 ? &nobody_counts : (uint64_t *)page;
}

static const volatile uint64_t *find(void)
{
	const volatile uint64_t *found, *expected = NULL;
	int error = errno;

	found = map();
	if (!atomic_compare_exchange_strong(&count, &expected, found)) {
		/* Another thread was first. */
		if (found != &nobody_counts)
			(void)SYS_CALL(munmap, found, sizeof(*found));
		found = expected;
	}
	errno = error;
	return found;
}

uint64_t pin_count(void)
{
	const volatile uint64_t *seen = atomic_load(&count);

	return *(seen ?: find());
}

void pin_count_look_again(void)
{
	const volatile uint64_t *expected = &nobody_counts;

	(void)atomic_compare_exchange_strong(&count, &expected, NULL);
}

void pin_count_forget(void)
{
	atomic_store(&count, NULL);
}
