#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# examples/03-break-events: events come in the order break, revoked; the
# program drains and releases before the deadline, no transfer fails, and it
# goes on with what is left of the file.
#
#   break-events.sh DIR PROGRAM

dir=$1 program=$2
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/watched.sh"

[ -d "$dir" ] && [ -x "$program" ] || bail "usage: DIR PROGRAM"
file=$dir/break-events
logs=$(mktemp -d)
trap 'rm -rf "$logs" "$file"' EXIT
head -c 1M /dev/zero >"$file"
mkfifo "$logs/stdin"

# Ends at the end of its input, so somebody has to have that open.
exec 3<>"$logs/stdin"
timeout 60 "$program" "$file" <"$logs/stdin" >"$logs/out" 2>&1 3>&- &
pid=$!
wait_line "$logs/out" '^registered 1048576 bytes' $pid
ok $? "the file is registered"

start=${EPOCHREALTIME/./}
truncate_to "$file" $((512 << 10))
ok $? "another process truncates it to half"
ms=$(((${EPOCHREALTIME/./} - start) / 1000))
# lease-break-time is 10 s
[ $ms -lt 9000 ]
ok $? "the truncate took $ms ms"
wait_line "$logs/out" '^restored 524288 bytes' $pid
ok $? "half the file is registered again"

truncate_to "$file" 0
ok $? "another process truncates it to nothing"
truncate_to "$file" 8192
ok $? "and makes it longer"
wait_line "$logs/out" '^restored 8192 bytes' $pid
ok $? "8 KiB are registered again"

exec 3>&-
# A reader that still waited would have been told by exec already.
wait $pid
ok $? "the program ended well"

sed 's/^/# /' "$logs/out"
# The program may have the lease again before the truncate goes on, which breaks
# it once more then.
order=$(sed -nE 's/^(break|drained|released|revoked|restored).*/\1/p' \
	"$logs/out" | tr '\n' ' ')
round="break drained released revoked restored "
[[ $order =~ ^($round){2,}$ ]]
ok $? "the order is $order"
[ "$(grep -c 'rkey' "$logs/out")" = \
	"$(grep -o 'rkey 0x[0-9a-f]*' "$logs/out" | sort -u | wc -l)" ]
ok $? "each time there is a new key"
! grep -qE "LAYOUT|LEASE" /proc/locks
ok $? "no lease is left"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
