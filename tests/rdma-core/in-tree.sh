#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# providers/pinsafe builds in a tree of rdma-core, with one line added to its
# CMakeLists.txt, and gets pinsafe into programs that run with the libibverbs of
# that tree.
#
#   in-tree.sh SUITE BUILD-DIR LIBPINSAFE PRELOAD PROGRAMS
#
# The source is that of a Debian suite, as apt finds it with a configuration of
# its own; without it the case is skipped.
set -euo pipefail

suite=$1 build=$2 libpinsafe=$3 preload=$4 programs=$5
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$build/rdma-core/$suite

skip()
{
	echo "skipped: $*"
	exit 77
}

# The archive that this machine's apt uses
archive()
{
	apt-get indextargets 'Created-By: Packages' --format \
		'$(REPO_URI) $(ORIGIN) $(CODENAME)' |
		awk '$2 == "Debian" && $3 !~ /-/ { print $1; exit }'
}

apt()
{
	apt-get -q -o Dir::Etc::SourceList="$work/apt/sources.list" \
		-o Dir::Etc::SourceParts=/dev/null \
		-o Dir::State::Lists="$work/apt/lists" \
		-o Dir::Cache="$work/apt/cache" \
		-o APT::Sandbox::User=root "$@"
}

# Only the release itself; it does not need Debian's changes
fetch()
{
	local uri

	uri=$(archive)
	[ -n "$uri" ] || skip "apt knows no Debian archive"
	mkdir -p "$work/apt/lists/partial" "$work/apt/cache/archives/partial"
	echo "deb-src $uri $suite main" >"$work/apt/sources.list"
	apt update || skip "apt cannot get the list of sources of $suite"
	(cd "$work" && apt source --tar-only --download-only rdma-core) ||
		skip "the archive does not have the source of rdma-core in $suite"
	rm -rf "$work/apt"
}

unpack()
{
	mkdir "$work/unpacked"
	tar -xf "$work"/rdma-core_*.orig.tar.* -C "$work/unpacked" \
		--strip-components=1
	mv "$work/unpacked" "$work/source"
}

mkdir -p "$work"
compgen -G "$work/rdma-core_*.orig.tar.*" >/dev/null || fetch
rm -rf "$work/unpacked" "$work/source"
unpack

cp -r "$top/providers/pinsafe" "$work/source/providers/"
sed -i 's,^add_subdirectory(providers/rxe)$,&\nadd_subdirectory(providers/pinsafe),' \
	"$work/source/CMakeLists.txt"
# There is nothing at the prefix, so providers are found by LD_LIBRARY_PATH.
cmake -S "$work/source" -B "$work/build" -G Ninja -DNO_MAN_PAGES=1 \
	-DNO_PYVERBS=1 -DCMAKE_INSTALL_PREFIX="$work/prefix" \
	-DCMAKE_INSTALL_SYSCONFDIR=/etc \
	-DPINSAFE_LIBRARY="$libpinsafe" >"$work/cmake.log"
pabi=$(sed -n 's/^set(IBVERBS_PABI_VERSION "\([0-9]*\)")$/\1/p' \
	"$work/source/CMakeLists.txt")
cmake --build "$work/build" --target "pinsafe-rdmav$pabi" "rxe-rdmav$pabi"

provider=$work/build/lib/libpinsafe-rdmav$pabi.so
readelf -d "$provider" | grep 'NEEDED.*libpinsafe.so.1'

"$top/tests/vm/guest" run layout --name "rdma-core-$suite" --timeout 300 \
	--env LD_LIBRARY_PATH="$work/build/lib" \
	--env WAYS_IN_KINDS="normal asan dlvsym" -- \
	"$top/tests/guest/ways-in/ways-in.sh" /mnt/ext4 "$programs" "$preload" \
	"$provider"
