#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# Programs that register no files end with the same exit status under pinsafe
# as without, and a program without verbs gets no libibverbs.
#
# The preload object is the inherited LD_PRELOAD.

preload=${LD_PRELOAD-}
unset LD_PRELOAD
address=${PINSAFE_TEST_ADDRESS:-127.0.0.1}
. "$(dirname "${BASH_SOURCE[0]}")/lib/checks.sh"

# Local port in hexadecimal in state LISTEN, or an rdma_cm listener
listening()
{
	grep -q "^ *[0-9]*: [0-9A-F]*:$(printf %04X "$1") [0-9A-F:]* 0A " \
		/proc/net/tcp /proc/net/tcp6 ||
		rdma resource show cm_id | grep -q "LISTEN.*:$1 "
}

# pair PRELOAD PORT COMMAND -- SERVER-ARGUMENT... -- CLIENT-ARGUMENT...
#
# Prints the two exit statuses.
pair()
{
	local object=$1 port=$2 command=$3 server end
	local server_args=() client_args=()

	shift 4
	while [ "$1" != -- ]; do
		server_args+=("$1")
		shift
	done
	shift
	client_args=("$@")

	LD_PRELOAD=$object timeout 60 "$command" "${server_args[@]}" \
		>"$logs/server" 2>&1 &
	server=$!
	end=$((SECONDS + 30))
	until listening "$port"; do
		if ! kill -0 $server 2>/dev/null || [ $SECONDS -ge $end ]; then
			echo "no listener"
			return
		fi
		sleep 0.05
	done
	LD_PRELOAD=$object timeout 60 "$command" "${client_args[@]}" \
		>"$logs/client" 2>&1
	set -- $?
	wait $server
	echo "$? $1"
}

# compare PORT COMMAND -- SERVER-ARGUMENT... -- CLIENT-ARGUMENT...
compare()
{
	local command=$2 without with said

	command -v "$command" >/dev/null || {
		echo "skipped: no $command"
		exit 77
	}
	without=$(pair "" "$@")
	with=$(pair "$preload" "$@")
	said=$(grep -h '^pinsafe:' "$logs/server" "$logs/client")
	[ "$without" = "0 0" ]
	ok $? "$command ends well: $without"
	[ "$with" = "$without" ]
	ok $? "$command: the same under pinsafe: $with"
	[ -z "$said" ]
	ok $? "$command: pinsafe says nothing${said:+: $said}"
	[ "$with" = "0 0" ] || sed 's/^/# /' "$logs/server" "$logs/client"
}

[ -n "$preload" ] || bail "LD_PRELOAD is not set"
unset PINSAFE_LOG
gid=$(gid_index)
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT

compare 18515 ibv_rc_pingpong -- -d rxe0 -g "$gid" -n 50 -- \
	-d rxe0 -g "$gid" -n 50 "$address"
# -F: no speed of the CPU is wanted, and a busy machine has none
compare 18515 ib_write_bw -- -F -d rxe0 -x "$gid" -n 20 -s 4096 -- \
	-F -d rxe0 -x "$gid" -n 20 -s 4096 "$address"
compare 18515 ib_send_lat -- -F -d rxe0 -x "$gid" -n 20 -s 64 -- \
	-F -d rxe0 -x "$gid" -n 20 -s 64 "$address"
compare 7174 rping -- -s -a "$address" -C 5 -- -c -a "$address" -C 5

LD_PRELOAD=$preload cat /proc/self/maps >"$logs/maps"
ok $? "cat runs under pinsafe"
grep -q libpinsafe "$logs/maps"
ok $? "pinsafe is mapped"
! grep -q libibverbs "$logs/maps"
ok $? "libibverbs is not"
LD_PRELOAD=$preload true
ok $? "true is true"
! LD_PRELOAD=$preload false
ok $? "false is false"
[ "$(LD_PRELOAD=$preload ls / 2>&1)" = "$(ls / 2>&1)" ]
ok $? "ls prints the same"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
