#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# in-front.c with the libraries of others that stand in front of the same
# functions as the preload object, in both orders.
#
#   in-front.sh PROGRAM DIR allocators|hooks|on-demand|tools
#
# The preload object is the inherited LD_PRELOAD; HOOKS is the library of hooks.h,
# RS_MAP the program rs-map.

program=$1 dir=$2 which=$3
preload=${LD_PRELOAD-}
unset LD_PRELOAD
. "$(dirname "${BASH_SOURCE[0]}")/../guest/lib/checks.sh"

[ -n "$preload" ] || bail "LD_PRELOAD is not set"
export PINSAFE_LOG_FILE=$(mktemp)
trap 'rm -f "$PINSAFE_LOG_FILE"' EXIT
# Only what is not a name that the dynamic linker finds
library=$(dirname "$(ldd "$program" | awk '$1 == "libibverbs.so.1" { print $3 }')")

# run NAME seen|unseen PRELOAD: what it says, if it fails
run()
{
	local name=$1 mode=$2 objects=$3 said

	: >"$PINSAFE_LOG_FILE"
	said=$(LD_PRELOAD="$objects" "$program" "$dir" "$mode" 2>&1)
	ok $? "$name: $(tail -n 1 <<<"$said")"
	grep '^not ok\|^bail' <<<"$said"
	return 0
}

# sockets NAME PRELOAD: a server and a client of rs-map.c
sockets()
{
	local name=$1 objects=$2 said=$(mktemp) server client

	LD_PRELOAD=$objects timeout 60 "$RS_MAP" server "$dir" \
		"$PINSAFE_TEST_ADDRESS" >"$said" 2>&1 &
	server=$!
	until grep -q '^listening' "$said" || ! kill -0 $server; do
		sleep 0.1
	done
	LD_PRELOAD=$objects timeout 60 "$RS_MAP" client - \
		"$PINSAFE_TEST_ADDRESS" >>"$said" 2>&1
	client=$?
	wait $server
	ok $? "$name: the server ends well"
	ok $client "$name: the client ends well"
	grep '^not ok\|^bail' "$said"
	rm "$said"
}

# hooked MODE seen|unseen|on-demand: with UCX's hooks, set by a constructor
hooked()
{
	local mode=$2

	export UCX_MEM_MMAP_HOOK_MODE=$1 HOOKS_SET=constructor UCX_TLS=self
	run "UCX $1" "$mode" "$preload:libucm.so.0:$HOOKS"
	run "UCX $1, last" "$mode" "libucm.so.0:$HOOKS:$preload"
	unset UCX_MEM_MMAP_HOOK_MODE HOOKS_SET
}

case $which in
hooks)
	hooked bistro seen
	hooked reloc unseen;;
on-demand)
	export PINSAFE_GUARD=odp
	run "without others" on-demand "$preload"
	run "tcmalloc first" on-demand "libtcmalloc_minimal.so.4:$preload"
	# way out: preload pinsafe first
	run "tcmalloc last" on-demand "$preload:libtcmalloc_minimal.so.4"
	hooked bistro on-demand
	hooked reloc on-demand;;
allocators)
	for name in libjemalloc.so.2 libtcmalloc_minimal.so.4 \
		$library/rsocket/librspreload.so; do
		# tcmalloc has mmap(2) and its kin itself
		mode=seen
		[[ $name = *tcmalloc* ]] && mode=unseen
		run "$name first" $mode "$name:$preload"
		run "$name last" seen "$preload:$name"
	done
	sockets "sockets, librspreload first" "$name:$preload"
	sockets "sockets, librspreload last" "$preload:$name";;
tools)
	# The run-time of the sanitizer has to be the first, and has mmap(2).
	export ASAN_OPTIONS=detect_leaks=0
	run "libasan" unseen "libasan.so.8:$preload"
	export VALGRIND_LIB=/usr/libexec/valgrind
	: >"$PINSAFE_LOG_FILE"
	said=$(LD_PRELOAD=$preload valgrind -q --error-exitcode=3 \
		--undef-value-errors=no "$program" "$dir" seen 2>&1)
	ok $? "valgrind: $(tail -n 1 <<<"$said")"
	grep '^not ok\|^bail\|^==' <<<"$said";;
esac
echo "$checks checks, $failed failed"
[ $failed = 0 ]
