#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# What the libraries export: libpinsafe.so what its map and the public header
# say, the preload object what is in a list: without versions, but for those
# that dlsym(3) must not find ("@" and not "@@").
#
#   abi-symbols.sh LIBPINSAFE PRELOAD MAP PRELOAD-LIST LIBC-VERSION INCLUDE-DIR
set -eu

library=$1 preload=$2 map=$3 preload_list=$4 libc_version=$5 include=$6
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# "symbol version" for each line of the map, without "local:"
awk '/^[A-Z_0-9.]+ *\{/ { version = $1 }
     /^[ \t]+[a-z_0-9]+;/ { sub(/;/, "", $1); print $1, version }' \
	"$map" | sort >"$dir/map"

# Symbols of versions themselves are of type A.
nm -D --defined-only --with-symbol-versions "$library" |
	awk '$2 != "A" { sub(/@+/, " ", $3); print $3 }' | sort >"$dir/library"

# Declarations at the start of a line; pinsafe_private_* is between the objects
# of one version.
sed -nE '/^typedef/d; s/^[a-z].*[ *](pinsafe_[a-z_0-9]+)\(.*/\1/p' \
	"$include"/infiniband/*.h | sort >"$dir/header"
awk '$1 !~ /^pinsafe_private_/ { print $1 }' "$dir/map" >"$dir/public"

nm -D --defined-only --with-symbol-versions "$preload" |
	awk '$2 != "A" { print $3 }' | sort >"$dir/preload"
sed "s/VERSION/$libc_version/" "$preload_list" | sort >"$dir/preload-expected"

test -s "$dir/header"
diff -u "$dir/map" "$dir/library"
diff -u "$dir/header" "$dir/public"
diff -u "$dir/preload-expected" "$dir/preload"
