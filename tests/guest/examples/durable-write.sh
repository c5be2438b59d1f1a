#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# examples/04-durable-write: all records are reported as durable and are in the
# file, as it is once nothing of it is in memory any more.
#
#   durable-write.sh DIR PROGRAM

dir=$1 program=$2
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"

n=20
file=$dir/durable-write

[ -d "$dir" ] && [ -x "$program" ] || bail "usage: DIR PROGRAM"
# Not the line that tells of the lease
output=$(timeout 60 "$program" "$file" $n 2> >(grep -v '^pinsafe: guard: ' >&2))
ok $? "the program ran"
expected=$(for ((i = 0; i < n; i++)); do echo "record $i is durable"; done)
[ "$output" = "$expected" ]
ok $? "it says of $n records that they are durable"
[ "$output" = "$expected" ] || sed 's/^/# /' <<<"$output"
echo 1 >/proc/sys/vm/drop_caches
[ "$(sed 's/ *$//' "$file")" = "${expected// is durable}" ]
ok $? "and they are in the file"
rm -f "$file"
! grep -qE 'LAYOUT|LEASE' /proc/locks
ok $? "no lease is left"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
