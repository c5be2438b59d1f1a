#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# Whichever way pinsafe gets into a program, and in however many ways at once,
# each context is hooked once and registrations of files are guarded; where it
# cannot, they fail as without pinsafe.
#
#   ways-in.sh DIR PROGRAMS PRELOAD PROVIDER
#
# WAYS_IN_KINDS names the kinds of programs to try; default: all.

dir=$1 programs=$2 preload=$3 provider=$4
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"

# libibverbs appends the rest of the name
driver=${provider%-rdmav*.so}
driver_file=/etc/libibverbs.d/pinsafe.driver

guarded="reg=ok,ok leases=1,1 left=0"
refused="reg=EOPNOTSUPP,EOPNOTSUPP leases=0,0 left=0"

# Contexts that each kind of program opens; rstream is two processes, which use
# rsockets by themselves, or because of librspreload
declare -A opens=([normal]=2 [cm]=1 [asan]=2 [dlvsym]=2 [direct]=2 [setuid]=2
	[static]=2 [rstream]=2 [rspreload]=2)

# What is covered.  A dash: not covered, which Documentation/limits.md explains.
#
# kind  plain preload IBV_DRIVERS RDMAV_DRIVERS file before after attach all
table='
normal   -   yes   yes   yes   yes   yes   yes   yes   yes
cm       -   yes   yes   n/a   yes   yes   yes   n/a   yes
asan     -   yes   yes   n/a   yes   yes   yes   n/a   yes
dlvsym   -   yes   yes   yes   yes   -     -     yes   yes
direct   -   yes   -     -     -     yes   yes   n/a   yes
setuid   -   -     -     -     yes   yes   yes   n/a   yes
static   -   -     -     n/a   -     n/a   n/a   n/a   -
rstream  -   yes   yes   n/a   yes   n/a   n/a   n/a   yes
rspreload -  yes   yes   n/a   n/a   n/a   n/a   n/a   yes
'
ways=(plain preload IBV_DRIVERS RDMAV_DRIVERS file before after attach all)

program_of()
{
	local kind=$1 way=$2 order=alone

	case $way in
	before|attach|all) order=before;;
	after) order=after
	esac
	case $kind in
	static) echo "$programs/way-in-static";;
	setuid)
		install -m 4755 "$programs/way-in-normal-$order" \
			"$logs/setuid-$order"
		echo setpriv --reuid 65534 --regid 65534 --clear-groups \
			"$logs/setuid-$order";;
	*) echo "$programs/way-in-$kind-$order"
	esac
}

listening()
{
	rdma resource show cm_id | grep -q "LISTEN.*:7471 "
}

# rsockets RSTREAM-OPTION... -- NAME=VALUE...
#
# A server and a client; prints the exit status of both
rsockets()
{
	local options=(-S 4096 -C 5) server end

	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	env "$@" timeout 60 rstream "${options[@]}" >"$logs/server" 2>&1 &
	server=$!
	end=$((SECONDS + 30))
	until listening; do
		kill -0 $server 2>/dev/null && [ $SECONDS -lt $end ] || break
		sleep 0.05
	done
	env "$@" timeout 60 rstream "${options[@]}" \
		-s "$PINSAFE_TEST_ADDRESS" >"$logs/client" 2>&1
	set -- $?
	wait $server
	echo "$? $1"
}

# run KIND WAY: sets output and hooked
run()
{
	local kind=$1 way=$2 environment=()

	: >"$logs/log"
	: >"$logs/stderr"
	case $way in
	preload) environment=(LD_PRELOAD="$preload");;
	IBV_DRIVERS) environment=(IBV_DRIVERS="$driver");;
	RDMAV_DRIVERS) environment=(RDMAV_DRIVERS="$driver");;
	file) echo "driver $driver" >$driver_file;;
	attach) environment=(WAY_IN_ATTACH=1);;
	all)
		environment=(LD_PRELOAD="$preload" IBV_DRIVERS="$driver")
		[ "$kind" = static ] || environment+=(WAY_IN_ATTACH=1)
		echo "driver $driver" >$driver_file
	esac
	environment+=(PINSAFE_LOG=debug PINSAFE_LOG_FILE="$logs/log"
		ASAN_OPTIONS=detect_leaks=0)
	case $kind in
	rstream) output=$(rsockets -- "${environment[@]}");;
	rspreload)
		# The last LD_PRELOAD counts
		case $way in
		preload|all) environment+=(LD_PRELOAD="$preload $rspreload");;
		*) environment+=(LD_PRELOAD="$rspreload")
		esac
		output=$(rsockets -T s -- "${environment[@]}");;
	*)
		output=$(env "${environment[@]}" \
			$(program_of "$kind" "$way") "$dir" 2>"$logs/stderr")
	esac
	rm -f $driver_file
	hooked=$(grep -c ': hooked,' "$logs/log")
}

cell()
{
	local kind=$1 way=$2 expected=$3 contexts=0 result=$refused

	run "$kind" "$way"
	[ "$expected" = - ] || contexts=${opens[$kind]}
	[ "$expected" = - ] || result=$guarded
	# Registers no files
	[[ $kind != rs* ]] || result="0 0"
	[ "$output" = "$result" ]
	ok $? "$kind, $way: ${expected/-/not covered}: $output"
	[ "$output" = "$result" ] || sed 's/^/# /' "$logs/stderr"
	# The log is not for setuid programs
	if [ "$kind" != setuid ]; then
		[ "$hooked" = $contexts ]
		ok $? "$kind, $way: $hooked of ${opens[$kind]} contexts hooked"
		[ "$hooked" = $contexts ] || sed 's/^/# /' "$logs/log"
	fi
}

[ -d "$dir" ] || bail "usage: DIR PROGRAMS PRELOAD PROVIDER"
[ ! -e $driver_file ] || bail "$driver_file is there"
for command in rstream rdma setpriv; do
	command -v $command >/dev/null || {
		echo "skipped: no $command"
		exit 77
	}
done
for rspreload in /usr/lib*/rsocket/librspreload.so \
		/usr/lib/*/rsocket/librspreload.so; do
	[ ! -e "$rspreload" ] || break
done
[ -e "$rspreload" ] || {
	echo "skipped: no librspreload.so"
	exit 77
}
logs=$(mktemp -d)
chmod 755 "$logs"
trap 'rm -rf "$logs" $driver_file' EXIT

while read -r kind row; do
	[ -n "$kind" ] || continue
	[[ " ${WAYS_IN_KINDS-$kind} " = *" $kind "* ]] || continue
	if [ "$kind" = static ] && [ ! -e "$programs/way-in-static" ]; then
		echo "# static: not built, as static libraries are missing"
		continue
	fi
	read -ra expected <<<"$row"
	for i in "${!ways[@]}"; do
		[ "${expected[$i]}" = n/a ] ||
			cell "$kind" "${ways[$i]}" "${expected[$i]}"
	done
done <<<"$table"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
