#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# Look at all interleavings of a model, or of it and of each of its mutants, in
# which a mistake has to be found.
#
#   model.sh [--mutants] MODEL [OPTION...]
#
# OPTIONs are for spin.
set -euo pipefail

mutants=
if [ "$1" = --mutants ]; then
	mutants=yes
	shift
fi
model=$(readlink -f "$1")
shift
options=("$@")
command -v spin >/dev/null || {
	echo "skipped: no spin"
	exit 77
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

# How many errors MUTANT has; what they are goes to standard error.  A search
# without an error has to be complete.
errors()
{
	local optimize=-O0	# A mistake is found soon

	[ "$1" != 0 ] || optimize=-O2
	spin -DMUTANT="$1" "${options[@]}" -a "$model"
	gcc $optimize -DSAFETY -DCOLLAPSE -DMEMLIM=4096 -o pan pan.c
	./pan -m100000 >output
	grep -E '^pan:1|states, stored' output >&2
	if grep -q 'errors: 0' output && grep -i -E '^(warning|error|pan: )' \
			output | grep -v '^pan: elapsed\|^pan: rate' >&2; then
		echo incomplete
	else
		sed -n 's/.*errors: //p' output
	fi
}

failed=0
n_mutants=0
[ -z "$mutants" ] || n_mutants=$(grep -o 'MUTANT == [0-9]*' "$model" | wc -l)
for mutant in $(seq 0 "$n_mutants"); do
	expected=$((mutant > 0))
	found=$(errors "$mutant")
	if [ "$found" = $expected ]; then
		echo "ok - mutant $mutant of $n_mutants, errors: $found"
	else
		echo "not ok - mutant $mutant of $n_mutants, errors: $found"
		failed=1
	fi
done
exit $failed
