#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# Run a program that knows nothing of pinsafe, with its memory regions guarded:
#
#   run.sh PROGRAM ARGUMENT...
set -eu

if [ $# = 0 ]; then
	echo "usage: run.sh PROGRAM ARGUMENT..." >&2
	exit 2
fi
if ! dir=$(pkg-config --variable=preloaddir libpinsafe); then
	echo "run.sh: pinsafe is not installed, or PKG_CONFIG_PATH does not" \
		"name where libpinsafe.pc is" >&2
	exit 1
fi

# Another object that is to be preloaded comes after pinsafe.
LD_PRELOAD=$dir/libpinsafe-preload.so${LD_PRELOAD:+:$LD_PRELOAD}
# Tell of refusals and revokes, and of each lease that is broken.
PINSAFE_LOG=${PINSAFE_LOG:-info}
export LD_PRELOAD PINSAFE_LOG
exec "$@"
