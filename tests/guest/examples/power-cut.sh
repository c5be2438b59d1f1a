#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# examples/04-durable-write: a disk as it is while the program runs, which is
# what a power cut would leave, has each record that was reported as durable;
# with fsync() alone it lacks records (the control).
#
#   power-cut.sh DIR PROGRAM
#
# The disk of DIR is a loop device; what is written to that is in its file.

dir=$1 program=$2
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/watched.sh"

n=4096		# more than it comes to
enough=40

# cut OPTION...: sets said, the number of records that the program has told of,
# and found, how many of these are on the disk then
cut()
{
	local pid

	: >"$logs/out"
	"$program" "$@" "$dir/journal" $n >"$logs/out" 2>&1 &
	pid=$!
	wait_line "$logs/out" "^record $enough " $pid ||
		bail "no record $enough: $(tail -1 "$logs/out")"
	kill -STOP $pid
	said=$(grep -c '^record' "$logs/out")
	cp --sparse=always "$disk" "$logs/disk"
	# Not back to the program: it would write on
	kill -KILL $pid
	wait $pid 2>/dev/null

	mount -o loop "$logs/disk" "$logs/mnt" || bail "mount"
	# A record that is not there is all zeros.
	found=$(head -c $((said * 512)) "$logs/mnt/journal" |
		tr -d ' \0' | grep -x 'record[0-9]*' | sort -u | wc -l)
	umount "$logs/mnt"
	rm -f "$logs/disk" "$dir/journal"
}

[ -d "$dir" ] && [ -x "$program" ] || bail "usage: DIR PROGRAM"
device=$(findmnt -no SOURCE "$dir")
disk=$(losetup -nO BACK-FILE "$device")
[ -f "$disk" ] || bail "$dir is not on a loop device"
logs=$(mktemp -d)
mkdir "$logs/mnt"
trap 'rm -rf "$logs"' EXIT

cut
[ "$said" -gt $enough ] && [ "$found" = "$said" ]
ok $? "pinsafe_sync(): of $said records $found are on the disk"
cut --fsync
[ "$said" -gt $enough ] && [ "$found" -lt "$said" ]
ok $? "fsync() alone: of $said records $found are on the disk"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
