#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# A program over libfabric gets the right bytes with each of libfabric's ways to
# hear of memory that goes, without pinsafe and with it, and pinsafe says nothing.
# libfabric comes behind libc there.  From ofiwg/libfabric#6474.
#
#   fabric-messages.sh PROGRAM
#
# The preload object is the inherited LD_PRELOAD.

program=$1
preload=${LD_PRELOAD-}
unset LD_PRELOAD PINSAFE_LOG
. "$(dirname "${BASH_SOURCE[0]}")/../guest/lib/checks.sh"

[ -n "$preload" ] || bail "LD_PRELOAD is not set"
# Else its completion queues are too big for soft-RoCE.
export FI_OFI_RXM_MSG_TX_SIZE=128 FI_OFI_RXM_MSG_RX_SIZE=128 FI_UNIVERSE_SIZE=4

for monitor in memhooks userfaultfd; do
	for object in "" "$preload"; do
		how="$monitor, with${object:+ pinsafe}"
		how=${how/%with/without pinsafe}
		said=$(FI_MR_CACHE_MONITOR=$monitor LD_PRELOAD=$object \
			timeout 100 "$program" "$PINSAFE_TEST_ADDRESS" 2>&1)
		ok $? "$how: it ends well"
		[ "$(grep -c '^message .*: 0 of 1048576 bytes wrong$' \
			<<<"$said")" = 5 ]
		ok $? "$how: 5 messages, all of their bytes right"
		! grep -q '^pinsafe' <<<"$said"
		ok $? "$how: pinsafe says nothing"
		sed 's/^/# /' <<<"$said"
	done
done
# The control: it has a cache, and what it does not hear of is wrong.
said=$(FI_MR_CACHE_MONITOR=memhooks timeout 100 "$program" \
	"$PINSAFE_TEST_ADDRESS" unheard 2>&1)
[ "$(grep -c '^message .*: 0 of 1048576 bytes wrong$' <<<"$said")" -lt 5 ]
ok $? "memhooks, unheard: not all bytes are right"
sed 's/^/# /' <<<"$said"
echo "$checks checks, $failed failed"
[ $failed = 0 ]
