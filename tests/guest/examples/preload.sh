#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# examples/01-preload: a program that cannot register a file with DAX can under
# run.sh, and run.sh finds the preload object by pkg-config alone.
#
#   preload.sh DIR RUN STAGE

dir=$1 run=$2 stage=$3
. "$(dirname "${BASH_SOURCE[0]}")/../lib/checks.sh"

[ -d "$dir" ] && [ -x "$run" ] || bail "usage: DIR RUN STAGE"
pc=$(find "$stage" -name libpinsafe.pc)
[ -n "$pc" ] || bail "$stage has no libpinsafe.pc"
export PKG_CONFIG_PATH=${pc%/*}
unset LD_PRELOAD

"$run" true
ok $? "run.sh runs a program"
"$run" cat /proc/self/maps | grep -q "$stage.*/libpinsafe-preload.so"
ok $? "with the preload object of the package"
"$run" false
[ $? = 1 ]
ok $? "and passes its exit status on"
PKG_CONFIG_PATH=/nonexistent "$run" true 2>/dev/null
[ $? = 1 ]
ok $? "without the package it says so"

# As the example's README has it
export PINSAFE_PRELOAD_OBJECT
PINSAFE_PRELOAD_OBJECT=$("$run" printenv LD_PRELOAD)
"$(dirname "${BASH_SOURCE[0]}")/../perftest-mmap.sh" "$dir"
ok $? "ib_write_bw --mmap works with it"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
