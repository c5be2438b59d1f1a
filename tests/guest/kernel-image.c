// SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
/* See kernel-image.h. */
#include <stdio.h>
#include <stdlib.h>

#include "kernel-common.h"
#include "kernel-image.h"

static const char *dir_before;

void k_sh(const char *command)
{
	if (system(command))
		k_bail(command);
}

void k_image_mount(const char *image, unsigned int mib, const char *mkfs,
		   const char *options)
{
	char command[512];

	/* mkfs would try what loop devices cannot do, so it gets the file. */
	snprintf(command, sizeof(command),
		 "rm -f %s && truncate -s %uM %s && %s %s && mkdir -p %s && "
		 "mount $(losetup -f --show %s) %s -o %s && chmod 777 %s",
		 image, mib, image, mkfs, image, K_IMAGE_DIR, image,
		 K_IMAGE_DIR, options, K_IMAGE_DIR);
	k_sh(command);
	dir_before = k_dir;
	k_dir = K_IMAGE_DIR;
}

void k_image_unmount(const char *image)
{
	char command[512];

	k_dir = dir_before;
	snprintf(command, sizeof(command),
		 "l=$(findmnt -no SOURCE %s) && umount %s && losetup -d $l && "
		 "rm -f %s",
		 K_IMAGE_DIR, K_IMAGE_DIR, image);
	k_sh(command);
}
