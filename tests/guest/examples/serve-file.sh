#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# examples/05-serve-file: two clients who are in the middle of the file go on when
# others read, copy and replace it by rename; when somebody truncates it they get
# errors, and then what is there next, by another key.  A file that is still being
# written is not served; what a truncate by path leaves is, which nobody closes.
# What nothing guards is not served at all.
#
#   serve-file.sh DIR PROGRAMS

dir=$1 programs=$2
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"
. "$(dirname "${BASH_SOURCE[0]}")/../lib/watched.sh"

# Of three files; clients stop after each 512 KiB
sizes=(1048576 1052672 1056768)
declare -A pid step

# start_clients NAME...: each copies what is served to $logs/NAME.copy, by steps
start_clients()
{
	local fd name

	for name in "$@"; do
		mkfifo "$logs/$name.step"
		exec {fd}<>"$logs/$name.step"
		step[$name]=$fd
		timeout 100 "$programs/client" --step "$PINSAFE_TEST_ADDRESS" \
			"$logs/$name.copy" <"$logs/$name.step" \
			>"$logs/$name" 2>&1 {fd}>&- &
		pid[$name]=$!
	done
	for name in "$@"; do
		wait_line "$logs/$name" '^read 524288 bytes' ${pid[$name]}
		ok $? "client $name is in the middle"
	done
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
trap 'rm -rf "$logs" "$dir"/weights* /dev/shm/weights' EXIT
for i in 0 1 2; do
	head -c ${sizes[i]} /dev/urandom >"$logs/file$i"
done
head -c 524288 "$logs/file2" >"$logs/file3"

timeout 100 "$programs/client" "$PINSAFE_TEST_ADDRESS" "$logs/early.copy" \
	>"$logs/early" 2>&1 &
pid[early]=$!
wait_line "$logs/early" '^not copied \(Connection refused\)' ${pid[early]}
ok $? "a client finds no server"
cp "$logs/file0" "$dir/weights"
"$programs/server" "$PINSAFE_TEST_ADDRESS" "$dir/weights" >"$logs/server" 2>&1 &
server=$!
wait_line "$logs/server" "^serving ${sizes[0]} bytes" $server
ok $? "the server serves"
wait ${pid[early]} && cmp "$logs/file0" "$logs/early.copy"
ok $? "to the client that was early, too"

start_clients a b
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

start_clients c d
: >"$dir/weights"
ok $? "somebody truncates it"
wait_line "$logs/server" '^revoked' $server
ok $? "its memory region was revoked"
for name in c d; do
	echo >&${step[$name]}
	wait_line "$logs/$name" '^not copied' ${pid[$name]}
	ok $? "client $name gets an error"
done
exec {writer}>"$dir/weights"
head -c 65536 "$logs/file2" >&$writer
wait_line "$logs/server" 'Text file busy; waiting' $server
ok $? "somebody writes it anew, and is not at the end"
tail -c +65537 "$logs/file2" >&$writer
exec {writer}>&-
wait_line "$logs/server" "^serving ${sizes[2]} bytes" $server
ok $? "he is, and that is served"
end_client c 2
end_client d 2

truncate_to "$dir/weights" 524288
wait_line "$logs/server" '^serving 524288 bytes' $server
ok $? "somebody truncates it by path, and what is left is served"
start_clients e
end_client e 3
mv "$dir/weights" "$dir/weights.old"
wait_line "$logs/server" 'No such file or directory; waiting' $server
ok $? "somebody takes it away"
head -c 4096 "$logs/file0" >"$dir/weights.new"
ln "$dir/weights.new" "$dir/weights"
wait_line "$logs/server" '^serving 4096 bytes' $server
ok $? "a link of that name is served"
head -c 4096 "$logs/file1" >>"$dir/weights"
wait_line "$logs/server" '^serving 8192 bytes' $server
ok $? "somebody appends to it, and all of it is served"

kill -TERM $server
wait $server
ok $? "the server ends well"

cp "$logs/file3" /dev/shm/weights
env -u PINSAFE_SHMEM timeout 60 "$programs/server" "$PINSAFE_TEST_ADDRESS" \
	/dev/shm/weights >"$logs/unguarded" 2>&1
[ $? = 1 ] && grep -q 'no layout lease guards the file' "$logs/unguarded"
ok $? "a server of what nothing guards ends"
(cd "$logs" && tail -v -n +1 unguarded server early a b c d e) | sed 's/^/# /'
[ "$(grep -o 'rkey 0x[0-9a-f]*' "$logs/server" | sort -u | wc -l)" = 6 ]
ok $? "each version had a key of its own"
! grep -qE 'LAYOUT|LEASE' /proc/locks
ok $? "no lease is left"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
