#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# The static probes are in the library, if it was built with <sys/sdt.h>, and
# each has a line in the documentation.
#
#   probes.sh LIBPINSAFE DOCUMENTATION
set -eu

found=$(readelf -n "$1" | awk '/Provider: pinsafe/ { getline; print $2 }' |
	sort -u | tr '\n' ' ')
if [ -z "$found" ]; then
	echo "skipped: built without systemtap-sdt-dev"
	exit 77
fi
expected="break refuse register release retake revoke_begin revoke_end "
if [ "$found" != "$expected" ]; then
	echo "probes: $found; expected: $expected"
	exit 1
fi
for probe in $found; do
	grep -q "pinsafe:$probe" "$2" || {
		echo "$probe is not in $2"
		exit 1
	}
done
