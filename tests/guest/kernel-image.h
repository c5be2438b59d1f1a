/* SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB */
/* A file system of a test's own, in an image on a loop device */
#pragma once

#define K_IMAGE_DIR "/run/kernel-image.mnt"

/*
 * Make one with a command of mkfs in a new file of so many MiB, mount it with these
 * options, and let k_dir be its directory.  A file at image stays until unmounted.
 */
void k_image_mount(const char *image, unsigned int mib, const char *mkfs,
		   const char *options);
void k_image_unmount(const char *image);

/* A shell command that has to succeed */
void k_sh(const char *command);
