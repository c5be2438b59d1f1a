#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# While a client writes into the file of an unmodified ib_write_bw --mmap=FILE
# under pinsafe, another process truncates it, or opens it in a way that breaks
# the lease: when that returns, the server's memory region is gone, and the
# client is told.  Without pinsafe the client is told of success, and the file
# is empty.
#
#   perftest-revoke.sh DIR OPERATION...
#   perftest-revoke.sh DIR --expect-loss
#
# The preload object is the inherited LD_PRELOAD; only the server gets it.

dir=${1-}
shift
preload=${LD_PRELOAD-}
unset LD_PRELOAD

port=18515
# Of each end; one message at a time, or nobody else gets a CPU.  -F: no speed of
# the CPU is wanted, and a busy machine has none to be measured, so perftest fails
options=(-p $port -s 4096 -t 1 -Q 1 -F)
. "$(dirname "${BASH_SOURCE[0]}")/lib/checks.sh"

# wait_for COMMAND...: until it succeeds, or 20 s have passed
wait_for()
{
	local end=$((SECONDS + 20))

	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		# Without a fork, as the machine is busy: nothing comes
		read -rt 0.02 -u $nothing || true
	done
}

listening()
{
	grep -q "^ *[0-9]*: [0-9A-F]*:$(printf %04X $port) [0-9A-F:]* 0A " \
		/proc/net/tcp /proc/net/tcp6
}

packets=/sys/class/infiniband/rxe0/ports/1/hw_counters/sent_pkts

# Many packets since there were $before
streaming()
{
	local now

	read -r now <$packets
	[ $((now - before)) -gt 200 ]
}

# The regions of the server
regions()
{
	rdma resource show mr | grep -c "pid $server "
}

ended()
{
	! kill -0 "$1" 2>/dev/null
}

# truncate(2): truncate(1) opens the file first, with O_NONBLOCK, and gives up
# with EAGAIN under a lease
other_truncate()
{
	perl -e 'truncate($ARGV[0], 0) or die $!' "$file"
}

other_open_trunc()
{
	exec 3>"$file"
}

other_open_write()
{
	exec 3>>"$file"
}

other_open_read()
{
	exec 3<"$file"
}

show_logs()
{
	for name in server client; do
		sed "s/^/# $name: /" "$logs/$name"
	done
}

give_up()
{
	show_logs
	bail "$@"
}

# run OPERATION MESSAGES: during a stream of so many; sets ..._status and
# regions_...
run()
{
	local operation=$1 before start end
	local command=(ib_write_bw -d rxe0 -x "$gid" -n "$2" "${options[@]}")

	head -c 1M /dev/zero | tr '\0' s >"$file"
	LD_PRELOAD=$preload "${command[@]}" --mmap="$file" >"$logs/server" \
		2>&1 &
	server=$!
	wait_for listening || give_up "the server does not listen"
	read -r before <$packets
	timeout 30 "${command[@]}" 127.0.0.1 >"$logs/client" 2>&1 &
	client=$!
	wait_for streaming || give_up "the client does not write"
	regions_before=$(regions)
	start=${EPOCHREALTIME/./}
	"other_$operation"
	operation_status=$?
	end=${EPOCHREALTIME/./}
	regions_after=$(regions)
	echo "# $operation took $(((end - start) / 1000)) ms"
	exec 3>&-
	read -r before <$packets
	[ "$preload" ] || wait_for streaming || give_up "the client has ended"
	wait $client
	client_status=$?
	# Without a client the server may wait for ever
	wait_for ended $server || kill $server
	wait $server
	show_logs
}

command -v ib_write_bw >/dev/null || {
	echo "skipped: no ib_write_bw"
	exit 77
}
[ -d "$dir" ] && [ $# != 0 ] || bail "usage: DIR OPERATION... | --expect-loss"

gid=$(gid_index)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
mkfifo "$logs/nothing"
exec {nothing}<>"$logs/nothing"
file=$dir/server

if [ "$1" = --expect-loss ]; then
	[ -z "$preload" ] || bail "the control runs without pinsafe"
	run truncate 30000
	[ $operation_status = 0 ]
	ok $? "the file was truncated"
	[ "$regions_before" = "$regions_after" ]
	ok $? "the server has as many memory regions as before"
	[ $client_status = 0 ]
	ok $? "the client was told that all its writes succeeded"
	[ ! -s "$file" ]
	ok $? "the file is empty: lost"
else
	[ "$preload" ] || bail "LD_PRELOAD is not set"
	for operation; do
		run $operation 1000000
		[ $operation_status = 0 ]
		ok $? "$operation succeeded"
		[ $((regions_before - regions_after)) = 1 ]
		ok $? "$operation: a region of the server is gone: $(
			)$regions_before, $regions_after"
		[ $client_status != 0 ]
		ok $? "$operation: the client failed"
		grep -q 'Failed status 10:' "$logs/client" # IBV_WC_REM_ACCESS_ERR
		ok $? "$operation: with a remote access error"
		! grep -qE 'LEASE|LAYOUT' /proc/locks
		ok $? "$operation: no lease is left"
	done
fi
rm -f "$file"
echo "$checks checks, $failed failed"
[ $failed = 0 ]
