#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# An MPI program over UCX gets the right bytes, without pinsafe and with it, and
# pinsafe says nothing.
#
#   mpi-messages.sh mpich|openmpi PROGRAM
#
# The preload object is the inherited LD_PRELOAD.

kind=$1 program=$2
preload=${LD_PRELOAD-}
unset LD_PRELOAD PINSAFE_LOG
. "$(dirname "${BASH_SOURCE[0]}")/../guest/lib/checks.sh"

[ -n "$preload" ] || bail "LD_PRELOAD is not set"
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
hostname guest
echo 127.0.0.1 guest >>/etc/hosts

export UCX_TLS=rc_v,self UCX_NET_DEVICES=rxe0:1 UCX_IB_GID_INDEX=0
export UCX_WARN_UNUSED_ENV_VARS=n
# free(3) gives back each buffer then, also if it is small
export MALLOC_MMAP_THRESHOLD_=65536

# mpi PRELOAD: its messages
mpi()
{
	case $kind in
	mpich)
		timeout 100 mpiexec.hydra -n 2 ${1:+-genv LD_PRELOAD "$1"} \
			"$program" 2 5;;
	openmpi)
		OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 \
		OMPI_MCA_rmaps_base_oversubscribe=1 \
		timeout 100 mpirun.openmpi -np 2 --mca pml ucx --mca osc ucx \
			-x UCX_TLS -x UCX_NET_DEVICES -x UCX_IB_GID_INDEX \
			-x MALLOC_MMAP_THRESHOLD_ ${1:+-x LD_PRELOAD="$1"} \
			"$program" 2 5;;
	esac >"$logs/said" 2>&1
}

for object in "" "$preload"; do
	how="${object:+under pinsafe}"
	how=${how:-without pinsafe}
	mpi "$object"
	ok $? "$kind ends well $how"
	[ "$(grep -c '^message .*: 0 of 2097152 bytes wrong$' "$logs/said")" = 5 ]
	ok $? "$kind $how: 5 messages, all of their bytes right"
	! grep -q '^pinsafe' "$logs/said"
	ok $? "$kind $how: pinsafe says nothing"
	sed 's/^/# /' "$logs/said"
done

echo "$checks checks, $failed failed"
[ $failed = 0 ]
