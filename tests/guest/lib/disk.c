// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "disk.h"
#include "files.h"
#include "t.h"
#include "victim.h"

struct disk disk_open(int file, size_t len, off_t offset)
{
	char attribute[80], backing[FILES_PATH_MAX];
	struct victim_blocks blocks;
	struct disk disk;
	struct stat st;
	FILE *f;

	if (fstat(file, &st))
		t_bail("fstat");
	snprintf(attribute, sizeof(attribute),
		 "/sys/dev/block/%u:%u/loop/backing_file", major(st.st_dev),
		 minor(st.st_dev));
	f = fopen(attribute, "re");
	if (!f || !fgets(backing, sizeof(backing), f))
		t_bail("%s", attribute);
	fclose(f);
	backing[strcspn(backing, "\n")] = '\0';
	victim_find_blocks(file, len, &blocks);
	if (blocks.n != 1)
		t_bail("the file is in %u pieces", blocks.n);
	disk.at = blocks.extent[0].start + offset;
	disk.fd = open(backing, O_RDONLY | O_CLOEXEC);
	if (disk.fd < 0)
		t_bail("opening %s", backing);
	return disk;
}

uint64_t disk_read(const struct disk *disk)
{
	uint64_t value;

	if (pread(disk->fd, &value, sizeof(value), disk->at) != sizeof(value))
		t_bail("reading the disk");
	return value;
}
