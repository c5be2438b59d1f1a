#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# pinsafe.conf is read by the parser that belongs to libpinsafe, also in a
# program that exports functions of the same names; and no program gets to see
# those of libpinsafe.
#
#   own-inih.sh PRELOAD-OBJECT LIBPINSAFE PROGRAM
set -eu

preload=$1 library=$2 program=$3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# The functions are there for libpinsafe to find, or this shows nothing.
nm -D --defined-only "$program" | grep -q ' T ini_parse_stream$'

printf '[default]\nguard = read\n' >"$dir/conf"
said=$(PINSAFE_CONFIG=$dir/conf LD_PRELOAD=$preload "$program" 2>&1)
case $said in
"pinsafe: config: $dir/conf:2: guard=read is not "*) ;;
*)
	echo "the configuration was not read: $said"
	exit 1
	;;
esac

if nm -D "$library" | grep ini_ || ldd "$library" | grep inih; then
	echo "the parser is shared with the program"
	exit 1
fi
