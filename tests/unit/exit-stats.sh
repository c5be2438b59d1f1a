#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# PINSAFE_STATS=exit prints one line when a program that has loaded libibverbs
# ends.  Other programs say nothing.
#
#   exit-stats.sh PRELOAD-OBJECT
set -eu

# run SETTING PYTHON
run()
{
	env "$1" LD_PRELOAD="$preload" python3 -c "$2" 2>&1
}

preload=$1
verbs='import ctypes; ctypes.CDLL("libibverbs.so.1")'
lines=$(run PINSAFE_STATS=exit "$verbs")
case $lines in
"pinsafe: stats: 0 registrations, 0 refusals, 0 breaks, 0 revoked, "*) ;;
*)
	echo "PINSAFE_STATS=exit: $lines"
	exit 1
	;;
esac
test "$(echo "$lines" | wc -l)" = 1
test -z "$(run PINSAFE_STATS=exit pass)"
test -z "$(run PINSAFE_STATS= "$verbs")"
test -z "$(run PINSAFE_STATS=often "$verbs")"
