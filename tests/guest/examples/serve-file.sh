#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# examples/05-serve-file: two clients who are in the middle of the file go on when
# others read, copy and replace it by rename; when somebody truncates it they get
# errors, and then what is there next, by another key.
#
#   serve-file.sh DIR PROGRAMS

dir=$1 programs=$2
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/watched.sh"

# Of three files; clients stop after each 512 KiB
sizes=(1048576 1052672 1056768)
declare -A pid step

# start_client NAME: it copies what is served to $logs/NAME.copy, by steps
start_client()
{
	local fd

	mkfifo "$logs/$1.step"
	exec {fd}<>"$logs/$1.step"
	step[$1]=$fd
	timeout 100 "$programs/client" --step "$PINSAFE_TEST_ADDRESS" \
		"$logs/$1.copy" <"$logs/$1.step" >"$logs/$1" 2>&1 {fd}>&- &
	pid[$1]=$!
	wait_line "$logs/$1" '^read 524288 bytes' ${pid[$1]}
	ok $? "client $1 is in the middle"
}

# end_client NAME N: to the end, without stops; it has file N
end_client()
{
	printf '\n\n\n\n' >&${step[$1]}
	wait ${pid[$1]}
	ok $? "client $1 ended well"
	cmp "$logs/file$2" "$logs/$1.copy"
	ok $? "and has file $2"
}

[ -d "$dir" ] && [ -x "$programs/server" ] || bail "usage: DIR PROGRAMS"
logs=$(mktemp -d)
trap 'rm -rf "$logs" "$dir/weights"' EXIT
for i in 0 1 2; do
	head -c ${sizes[i]} /dev/urandom >"$logs/file$i"
done
cp "$logs/file0" "$dir/weights"
"$programs/server" "$PINSAFE_TEST_ADDRESS" "$dir/weights" >"$logs/server" 2>&1 &
server=$!
wait_line "$logs/server" "^serving ${sizes[0]} bytes" $server
ok $? "the server serves"

start_client a
start_client b
cat "$dir/weights" | cmp - "$logs/file0"
ok $? "somebody reads the file"
cp "$dir/weights" "$logs/cp" && cmp "$logs/cp" "$logs/file0"
ok $? "somebody copies it"
# Into a pipe: of /dev/null tar knows that nobody wants the data
tar -C "$dir" -c weights | tar -xO | cmp - "$logs/file0"
ok $? "somebody makes a backup"
cp "$logs/file1" "$dir/weights.new" && mv "$dir/weights.new" "$dir/weights"
wait_line "$logs/server" "^serving ${sizes[1]} bytes" $server
ok $? "somebody replaces it, and that is served"
end_client a 0
end_client b 0
! grep -q '^revoked' "$logs/server"
ok $? "nothing was revoked"

start_client c
start_client d
: >"$dir/weights"
ok $? "somebody truncates it"
wait_line "$logs/server" '^revoked' $server
ok $? "its memory region was revoked"
for name in c d; do
	echo >&${step[$name]}
	wait_line "$logs/$name" '^the file is gone' ${pid[$name]}
	ok $? "client $name gets an error"
done
cat "$logs/file2" >"$dir/weights"
wait_line "$logs/server" "^serving ${sizes[2]} bytes" $server
ok $? "somebody writes it anew, and that is served"
end_client c 2
end_client d 2

kill -TERM $server
wait $server
ok $? "the server ends well"
for name in server a b c d; do
	echo "# $name says"
	sed 's/^/#   /' "$logs/$name"
done
[ "$(grep -o 'rkey 0x[0-9a-f]*' "$logs/server" | sort -u | wc -l)" = 3 ]
ok $? "each file had a key of its own"
! grep -qE 'LAYOUT|LEASE' /proc/locks
ok $? "no lease is left"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
