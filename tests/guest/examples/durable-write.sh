#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# examples/04-durable-write: all records are reported as durable and are in the
# file afterwards.  On FS-DAX the kernel writes something back for each of them,
# and with fsync() alone for few.
#
#   durable-write.sh DIR PROGRAM

dir=$1 program=$2
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"

n=20
file=$dir/durable-write

events=/sys/kernel/tracing/events/fs_dax/dax_writeback_one
trace=/sys/kernel/tracing/trace

writebacks()
{
	grep -c 'dax_writeback_one:' $trace
}

[ -d "$dir" ] && [ -x "$program" ] || bail "usage: DIR PROGRAM"
if [ "${dir##*/}" != pagecache ]; then
	mountpoint -q /sys/kernel/tracing ||
		mount -t tracefs none /sys/kernel/tracing
	[ -d $events ] || bail "the kernel has no $events"
	echo 1 >$events/enable
fi
# Without the line that tells of an ordinary lease
output=$(PINSAFE_LOG=error timeout 60 "$program" "$file" $n 2>&1)
ok $? "the program ran"
expected=$(for ((i = 0; i < n; i++)); do echo "record $i is durable"; done)
[ "$output" = "$expected" ]
ok $? "it says of $n records that they are durable"
[ "$output" = "$expected" ] || sed 's/^/# /' <<<"$output"
if [ "${dir##*/}" != pagecache ]; then
	written=$(writebacks)
	[ "$written" -ge $n ]
	ok $? "$written times something was written back"
	: >$trace
fi
[ "$(sed 's/ *$//' "$file")" = "${expected// is durable}" ]
ok $? "the records are in the file"
if [ "${dir##*/}" != pagecache ]; then
	timeout 60 "$program" --fsync "$file" $n >/dev/null
	ok $? "the control, with fsync() alone, ran"
	written=$(writebacks)
	echo 0 >$events/enable
	# The prefault made it dirty, and so does the end.
	[ "$written" -lt $((n / 2)) ]
	ok $? "$written times something was written back"
fi
rm -f "$file"
! grep -qE 'LAYOUT|LEASE' /proc/locks
ok $? "no lease is left"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
