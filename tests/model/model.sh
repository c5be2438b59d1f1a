#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# Look at all interleavings of a model, and of each of its mutants, in which a
# mistake has to be found.
#
#   model.sh MODEL [OPTION...]
#
# OPTIONs are for spin, when there is no mistake in the model.
set -euo pipefail

model=$(readlink -f "$1")
shift
smaller=("$@")
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
	local options=()

	if [ "$1" = 0 ]; then
		optimize=-O2
		options=("${smaller[@]}")
	fi
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
n_mutants=$(grep -o 'MUTANT == [0-9]*' "$model" | wc -l)
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
