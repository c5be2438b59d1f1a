#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# A provider that a file in /etc/libibverbs.d brings into all programs makes none
# of them fail, unless somebody says so; whoever asks for pinsafe is refused what
# cannot be guarded.
#
#   system-wide.sh DIR PROGRAM PRELOAD PROVIDER
#
# The policy wants a layout lease, which this kernel does not have.

dir=$1 program=$2 preload=$3 provider=$4
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"

driver=${provider%-rdmav*.so}
driver_file=/etc/libibverbs.d/pinsafe.driver

refused="reg=EOPNOTSUPP,EOPNOTSUPP leases=0,0 left=0"
unprotected="reg=ok,ok leases=0,0 left=0"

# try WHAT EXPECTED NAME=VALUE...
try()
{
	local what=$1 expected=$2 output

	shift 2
	output=$(env PINSAFE_LOG_FILE="$logs/log" "$@" "$program" "$dir")
	[ "$output" = "$expected" ]
	ok $? "$what: $output"
}

[ -d "$dir" ] || bail "usage: DIR PROGRAM PRELOAD PROVIDER"
[ ! -e $driver_file ] || bail "$driver_file is there"
logs=$(mktemp -d)
trap 'rm -rf "$logs" $driver_file' EXIT
export PINSAFE_GUARD=layout

try "no pinsafe" "$unprotected" PINSAFE=on
try "by IBV_DRIVERS" "$refused" IBV_DRIVERS="$driver"
echo "driver $driver" >$driver_file
: >"$logs/log"
try "in all programs" "$unprotected" PINSAFE=on
grep -q "NOT PROTECTED, because pinsafe is in all programs" "$logs/log"
ok $? "the log says so"
try "in all programs, on_refuse=fail" "$refused" PINSAFE_ON_REFUSE=fail
try "in all programs, strict" "$refused" PINSAFE_STRICT=1
try "in all programs, and by IBV_DRIVERS" "$refused" IBV_DRIVERS="$driver"
try "in all programs, and by LD_PRELOAD" "$refused" LD_PRELOAD="$preload"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
