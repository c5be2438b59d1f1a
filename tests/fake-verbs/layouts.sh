#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# With a libibverbs whose private structs are like those of a release, each
# context is hooked once.  With one that is like none, contexts are left alone
# and the log says NOT PROTECTED once; with PINSAFE_STRICT=1 all verbs fail.
#
#   layouts.sh BUILD-DIR PRELOAD PROVIDER

build=$1 preload=$2 provider=$3
. "$(dirname "${BASH_SOURCE[0]}")/../guest/lib/checks.sh"

# twice EX: what is printed, where EX is who made the region of ibv_reg_mr_ex():
# 1 reg_mr of the provider, 2 its reg_mr_ex, 3 libibverbs
twice()
{
	echo "reg=ok dereg=0 ex=$1, reg=ok dereg=0 ex=$1"
}

no_ex=EOPNOTSUPP
fails="alloc_pd=EOPNOTSUPP, alloc_pd=EOPNOTSUPP"

# run PABI WAY [NAME=VALUE...]: sets output
run()
{
	local pabi=$1 way=$2 program=$build/fake-verbs-program-alone
	local environment=(LD_LIBRARY_PATH="$build/$pabi" PINSAFE_LOG=debug
		PINSAFE_LOG_FILE="$work/log")

	shift 2
	: >"$work/log"
	case $way in
	preload|all) environment+=(LD_PRELOAD="$preload");;
	esac
	case $way in
	provider|all) environment+=(IBV_DRIVERS="$work/libpinsafe");;
	esac
	case $way in
	before|all) program=$build/fake-verbs-program-before;;
	after) program=$build/fake-verbs-program-after;;
	esac
	output=$(env "${environment[@]}" "$@" "$program" 2>"$work/stderr")
}

# check WHAT OUTPUT HOOKED NOT-PROTECTED
check()
{
	local what=$1 wanted=$2 n_hooked=$3 n_unprotected=$4 hooked unprotected

	hooked=$(grep -c ': hooked,' "$work/log")
	unprotected=$(cat "$work/log" "$work/stderr" | grep -c 'NOT PROTECTED')
	[ "$output" = "$wanted" ] && [ "$hooked" = "$n_hooked" ] &&
		[ "$unprotected" = "$n_unprotected" ]
	ok $? "$what: $output; $hooked hooked, $unprotected NOT PROTECTED"
	[ "$failed" = 0 ] || sed 's/^/# /' "$work/log" "$work/stderr"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# One binary for every private ABI: it reads the number in its name.
for pabi in 34 99; do
	ln -s "$provider" "$work/libpinsafe-rdmav$pabi.so"
done

# In front of the provider's reg_mr_ex there is ours, which calls its reg_mr.
for case in 44:$no_ex:$no_ex 64:3:3 65:2:1; do
	IFS=: read -r layout plain hooked <<<"$case"
	run 34 plain FAKE_LIBIBVERBS=$layout
	check "$layout, plain" "$(twice $plain)" 0 0
	for way in preload provider before after all; do
		run 34 $way FAKE_LIBIBVERBS=$layout
		check "$layout, $way" "$(twice $hooked)" 2 0
		run 34 $way FAKE_LIBIBVERBS=$layout PINSAFE=off
		check "$layout, $way, PINSAFE=off" "$(twice $plain)" 0 0
	done
done

for case in short:$no_ex unsorted:$no_ex split:2; do
	IFS=: read -r layout plain <<<"$case"
	for way in preload provider before after all; do
		run 34 $way FAKE_LIBIBVERBS=$layout
		check "$layout, $way" "$(twice $plain)" 0 1
		run 34 $way FAKE_LIBIBVERBS=$layout PINSAFE_STRICT=1
		check "$layout, $way, strict" "$fails" 0 1
	done
done

# A private ABI of the future.  Whether its drivers are registered as we know,
# somebody must vouch for by having built the provider for it.
for way in preload provider all; do
	run 99 $way FAKE_LIBIBVERBS=65
	check "private ABI 99, $way" "$(twice 1)" 2 0
done
for way in before after; do
	run 99 $way FAKE_LIBIBVERBS=65
	check "private ABI 99, $way" "$(twice 2)" 0 1
done

# It goes through, and is warned of once in a process.
for case in 44:$no_ex 65:1; do
	IFS=: read -r layout ex <<<"$case"
	run 34 preload FAKE_LIBIBVERBS=$layout FAKE_IMPORT=1
	check "$layout, import" "reg=ok dereg=0 ex=$ex import=ok, reg=ok dereg=0 ex=$ex import=ok" 2 1
	[ "$(grep -c 'ibv_import_mr(): .*NOT PROTECTED' "$work/log")" = 1 ]
	ok $? "$layout, import: said once"
done

echo "$checks checks, $failed failed"
[ $failed = 0 ]
