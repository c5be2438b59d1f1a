#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# Hooks of memory hear under pinsafe of all that they hear of without it: UCX's,
# in the code of libc (bistro) or in the tables of imports (reloc); set by a
# library's constructor, by main(), or by a library that is loaded later; with
# libucm behind libc, as in programs that do not link it themselves, or in front
# of it.  From openucx/ucx#2848 and reports on MPICH.
#
# And those of Open MPI (open-mpi/ompi#299).
#
#   hook-events.sh LINKED UNLINKED LIBRARY PATCHED PRELOAD

linked=$1 unlinked=$2 library=$3 patched=$4 preload=$5
. "$(dirname "${BASH_SOURCE[0]}")/../guest/lib/checks.sh"
ucm=libucm.so.0
export UCX_TLS=tcp,self
# MPI_Init() of one process alone
export OMPI_MCA_plm=isolated OMPI_MCA_pml=ob1 OMPI_MCA_btl=self

# events MODE WHEN OBJECTS: what is told of
events()
{
	export UCX_MEM_MMAP_HOOK_MODE=$1
	case $2 in
	constructor)	HOOKS_SET=constructor LD_PRELOAD=$3 "$linked";;
	main)		LD_PRELOAD=$3 "$linked";;
	patched)	LD_PRELOAD=$3 "$patched";;
	loaded)		HOOKS_SET=constructor LD_PRELOAD=$3 \
				"$unlinked" "$library";;
	esac 2>&1
}

# compare MODE WHEN OBJECTS-WITHOUT OBJECTS...
compare()
{
	local mode=$1 when=$2 without with objects
	without=$(events "$mode" "$when" "$3")
	grep -q '^munmap: told' <<<"$without"
	ok $? "$mode, $when, without pinsafe: it is told"
	shift 3
	for objects; do
		with=$(events "$mode" "$when" "$objects")
		[ "$with" = "$without" ]
		ok $? "$mode, $when, ${objects//"$preload"/pinsafe}"
		diff <(cat <<<"$without") <(cat <<<"$with") | sed 's/^/# /'
	done
}

for when in constructor main; do
	compare bistro $when "" "$preload"
	compare bistro $when $ucm "$preload:$ucm" "$ucm:$preload"
	# With libucm behind libc this waits for ever for a lock of its own.
	compare reloc $when $ucm "$preload:$ucm" "$ucm:$preload"
done
compare bistro loaded "" "$preload"
compare "Open MPI" patched "" "$preload" "$preload:$ucm" "$ucm:$preload"
echo "$checks checks, $failed failed"
[ $failed = 0 ]
