#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# A program can be built and run against the installed package alone, and the
# installed preload object and provider find their library.
#
#   installed-package.sh BUILD-DIR
set -euo pipefail

build=$1
root=$(mktemp -d)
prefix=$root/usr
trap 'rm -rf "$root"' EXIT

DESTDIR=$root cmake --install "$build" --prefix /usr >/dev/null
pc=$(find "$prefix" -name libpinsafe.pc)
provider=$(find "$prefix" -name 'libpinsafe-rdmav[0-9]*.so')
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

for object in "$preload" "$provider"; do
	if ldd "$object" | grep 'not found'; then
		fail "$object does not find its library"
	fi
	ldd "$object" | grep "$prefix.*/libpinsafe.so.1" >/dev/null ||
		fail "$object finds another libpinsafe"
done
readelf -d "$provider" | grep "NEEDED.*libpinsafe.so.1" >/dev/null ||
	fail "the provider does not need libpinsafe"
find "$root" -name pinsafe.driver | xargs grep -q '^driver .*pinsafe$' ||
	fail "there is no example for /etc/libibverbs.d"
if LD_PRELOAD=$preload cat /proc/self/maps | grep libibverbs; then
	fail "libibverbs is mapped into a program that does not use it"
fi
