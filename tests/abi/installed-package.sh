#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# A program can be built and run against the installed package alone, and the
# installed preload object finds its library.
#
#   installed-package.sh BUILD-DIR
set -euo pipefail

build=$1
prefix=$(mktemp -d)
trap 'rm -rf "$prefix"' EXIT

cmake --install "$build" --prefix "$prefix" >/dev/null
pc=$(find "$prefix" -name libpinsafe.pc)
preload=$(find "$prefix" -path '*/pinsafe/libpinsafe-preload.so')

# The file names the prefix of the build; the test has moved it.
flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --define-variable=prefix="$prefix" \
	--define-variable=libdir="$(dirname "$(dirname "$pc")")" \
	--define-variable=includedir="$prefix/include" --cflags --libs libpinsafe)
cat >"$prefix/program.c" <<'EOP'
#include <infiniband/pinsafe.h>
#include <stdio.h>

int main(void)
{
	struct pinsafe_stats stats;

	puts(pinsafe_version());
	return pinsafe_get_stats(&stats, sizeof(stats)) ||
	       pinsafe_attach(NULL) == 0;
}
EOP
${CC:-cc} -Wall -Werror -o "$prefix/program" "$prefix/program.c" $flags
LD_LIBRARY_PATH=$(dirname "$(dirname "$pc")") "$prefix/program"

fail()
{
	echo "$*"
	exit 1
}

if ldd "$preload" | grep 'not found'; then
	fail "the preload object does not find its library"
fi
if LD_PRELOAD=$preload cat /proc/self/maps | grep libibverbs; then
	fail "libibverbs is mapped into a program that does not use it"
fi
