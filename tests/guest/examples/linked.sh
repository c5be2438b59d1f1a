#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# examples/02-linked: a file that is truncated while a sender writes into it is
# made whole and registered again, and in the end it is what was sent.
#
#   linked.sh DIR PROGRAMS

dir=$1 programs=$2
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/watched.sh"

length=$((16 << 20))

[ -d "$dir" ] && [ -x "$programs/receiver" ] || bail "usage: DIR PROGRAMS"
logs=$(mktemp -d)
trap 'rm -rf "$logs" "$dir/received"' EXIT
head -c $length /dev/urandom >"$logs/sent"

timeout 200 "$programs/receiver" "$PINSAFE_TEST_ADDRESS" "$dir/received" \
	$length >"$logs/receiver" 2>&1 &
receiver=$!
wait_line "$logs/receiver" '^listening' $receiver
ok $? "the receiver listens"

mkfifo "$logs/step"
exec 3<>"$logs/step"
"$programs/sender" --step "$PINSAFE_TEST_ADDRESS" "$logs/sent" \
	<"$logs/step" >"$logs/sender" 2>&1 3>&- &
sender=$!
printf '\n\n' >&3
wait_line "$logs/sender" '^posted 2162688 bytes' $sender
ok $? "the sender is in the middle"
truncate_to "$dir/received" 100000
ok $? "another process truncates the file"
wait_line "$logs/receiver" '^restored' $receiver
ok $? "the receiver registers it again"

# From here on without steps
exec 3>&-
wait $sender
ok $? "the sender ended well"
wait $receiver
ok $? "the receiver ended well"
for name in receiver sender; do
	echo "# the $name says"
	grep -v '^posted' "$logs/$name" | sed 's/^/#   /'
done
grep -q '^the connection ended' "$logs/sender"
ok $? "the sender had to start over"
grep -q '^revoked' "$logs/receiver"
ok $? "the memory region was revoked"
cmp "$logs/sent" "$dir/received"
ok $? "what was received is what was sent"
! grep -qE "LAYOUT|LEASE" /proc/locks
ok $? "no lease is left"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
