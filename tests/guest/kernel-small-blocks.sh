#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# kernel-small-blocks.sh DIR PROGRAM...: where blocks are smaller than a page a page
# may be dirty in one of them and not in another; the programs find there what they
# find elsewhere.  On ext4 and xfs with blocks of 1 KiB, in images in DIR.
set -eu

dir=$1
shift
failed=0

try()
{
	for program; do
		echo "$type, 1 KiB: $(basename "$program")"
		"$program" /run/small || failed=1
	done
}

mkdir -p /run/small
for type in ext4 xfs; do
	image=$dir/small-$type
	truncate -s 320M "$image"
	case $type in
	ext4) mkfs.ext4 -q -F -b 1024 "$image" ;;
	xfs) mkfs.xfs -q -f -b size=1024 "$image" ;;
	esac
	loop=$(losetup -f --show "$image")
	mount "$loop" /run/small
	try "$@"
	umount /run/small
	losetup -d "$loop"
	rm "$image"
done
exit $failed
