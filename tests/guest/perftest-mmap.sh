#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# An unmodified ib_write_bw --mmap=FILE runs under pinsafe, and what the client
# sends is in the server's file, on the disk after a sync; without pinsafe the
# same command cannot register a DAX file.
#
#   perftest-mmap.sh DIR [--expect-refused]
#
# The preload object is $PINSAFE_PRELOAD_OBJECT or the inherited LD_PRELOAD.

dir=$1
expect=${2-}
preload=${PINSAFE_PRELOAD_OBJECT:-${LD_PRELOAD-}}
unset LD_PRELOAD

page=4096 # also the size of a message
port=18515
. "$(dirname "${BASH_SOURCE[0]}")/lib/checks.sh"

listening()
{
	grep -q "^ *[0-9]*: [0-9A-F]*:$(printf %04X $port) [0-9A-F:]* 0A " \
		/proc/net/tcp /proc/net/tcp6
}

wait_listening()
{
	local end=$((SECONDS + 30))

	until listening; do
		kill -0 "$1" 2>/dev/null || return 1
		[ $SECONDS -lt $end ] || return 1
		sleep 0.05
	done
}

# block FILE N: the sum of its N-th page, as another process reads it
block()
{
	dd if="$1" bs=$page skip="$2" count=1 status=none | sha256sum
}

# run FILE [HOST]
run()
{
	local file=$1
	shift

	# -F: no speed of the CPU is wanted, and a busy machine has none
	LD_PRELOAD=$preload timeout 60 ib_write_bw -F -d rxe0 -x "$gid" \
		-p $port -n 20 -s $page --mmap="$file" "$@" 2>&1
}

command -v ib_write_bw >/dev/null || {
	echo "skipped: no ib_write_bw"
	exit 77
}
[ -d "$dir" ] || bail "usage: DIR [--expect-refused]"
if [ -z "$expect" ] && [ -z "$preload" ]; then
	bail "neither PINSAFE_PRELOAD_OBJECT nor LD_PRELOAD is set"
fi
[ -z "$expect" ] || preload=

gid=$(gid_index)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
for name in server client; do
	head -c 1M /dev/zero | tr '\0' "${name:0:1}" >"$dir/$name"
done
before=$(block "$dir/server" 1)

run "$dir/server" >"$logs/server" &
server=$!
wait_listening $server || bail "the server does not listen"
run "$dir/client" 127.0.0.1 >"$logs/client"
client_status=$?
wait $server
server_status=$?

for name in server client; do
	echo "# the $name says"
	sed 's/^/#   /' "$logs/$name"
done

if [ -n "$expect" ]; then
	[ $server_status != 0 ] && [ $client_status != 0 ]
	ok $? "both ends fail without pinsafe"
	grep -q "allocate MR" "$logs/server"
	ok $? "the server could not register its file"
	[ "$(block "$dir/server" 1)" = "$before" ]
	ok $? "the server's file is as it was"
else
	ok $server_status "the server ran"
	ok $client_status "the client ran"
	# What is looked at is on the disk, or not there.
	sync
	echo 3 >/proc/sys/vm/drop_caches
	# Page 0 is what an end sends from, page 1 what it receives into.
	# Both are first filled with numbers, the same ones at both ends.
	[ "$(block "$dir/server" 1)" != "$before" ]
	ok $? "the server's file has changed"
	[ "$(block "$dir/server" 1)" = "$(block "$dir/client" 0)" ]
	ok $? "the server's file has what the client sent"
	[ "$(block "$dir/server" 1)" != "$(block "$dir/client" 1)" ]
	ok $? "and not what the server itself filled it with"
	! grep -qE 'LAYOUT|LEASE' /proc/locks
	ok $? "no lease is left"
fi

rm -f "$dir/server" "$dir/client"
echo "$checks checks, $failed failed"
[ $failed = 0 ]
