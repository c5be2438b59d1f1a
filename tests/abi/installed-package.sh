#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# Programs in C and in C++ can be built, by pkg-config and by CMake's
# find_package(), and run against the installed package alone, also with a linker
# that leaves out libraries of which nothing is called; and the installed preload
# object and provider find their library, and are refused with that of another
# release.
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

fail()
{
	echo "$*"
	exit 1
}

flags=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --cflags --libs libpinsafe)
# Valid in C and in C++
cat >"$root/program.c" <<'EOP'
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
cp "$root/program.c" "$root/program.cc"
version=$(PKG_CONFIG_PATH=$(dirname "$pc") pkg-config --modversion libpinsafe)

# check PROGRAM: runs, and with the library that was installed
check()
{
	local output

	output=$(LD_LIBRARY_PATH=$(dirname "$(dirname "$pc")") "$1") ||
		fail "$1 failed"
	[ "$output" = "$version" ] || fail "$1: version $output, not $version"
}

${CC:-cc} -Wall -Werror -o "$root/pc-c" "$root/program.c" $flags
check "$root/pc-c"
languages=C
if command -v "${CXX:-c++}" >/dev/null; then
	languages="C CXX"
	${CXX:-c++} -Wall -Werror -o "$root/pc-cxx" "$root/program.cc" $flags
	check "$root/pc-cxx"
else
	echo "skipped: no C++ compiler, so only C programs are built"
fi

# It is guarded by being linked, and calls nothing of ours.
cat >"$root/unaware.c" <<'EOP'
#include <infiniband/verbs.h>

int main(void)
{
	int n;

	return ibv_get_device_list(&n) && n < 0;
}
EOP

check_needs()
{
	readelf -d "$1" | grep 'NEEDED.*libpinsafe.so.1' >/dev/null ||
		fail "$1 is linked without libpinsafe"
}

${CC:-cc} -Wall -Werror -Wl,--as-needed -o "$root/pc-unaware" \
	"$root/unaware.c" $flags
check_needs "$root/pc-unaware"

# The CMake package finds its own place.
cat >"$root/CMakeLists.txt" <<EOP
cmake_minimum_required(VERSION 3.18)
project(program LANGUAGES $languages)
find_package(pinsafe ${version%.*} REQUIRED)
add_executable(cmake-c program.c)
target_link_libraries(cmake-c pinsafe::pinsafe)
add_executable(cmake-unaware unaware.c)
target_link_libraries(cmake-unaware pinsafe::pinsafe)
if(CMAKE_CXX_COMPILER)
	add_executable(cmake-cxx program.cc)
	target_link_libraries(cmake-cxx pinsafe::pinsafe)
endif()
EOP
cmake -S "$root" -B "$root/build" -DCMAKE_PREFIX_PATH="$prefix" \
	-DCMAKE_EXE_LINKER_FLAGS=-Wl,--as-needed >"$root/log" &&
	cmake --build "$root/build" >>"$root/log" || {
	cat "$root/log"
	fail "find_package(pinsafe) or a program with it failed"
}
for language in $languages; do
	check "$root/build/cmake-${language,,}"
done
check_needs "$root/build/cmake-unaware"
sed -i 's/pinsafe [0-9.]* REQ/pinsafe 99.0 REQ/' "$root/CMakeLists.txt"
if cmake -S "$root" -B "$root/build" >/dev/null 2>&1; then
	fail "find_package(pinsafe 99.0) finds version $version"
fi

for object in "$preload" "$provider"; do
	if ldd "$object" | grep 'not found'; then
		fail "$object does not find its library"
	fi
	ldd "$object" | grep "$prefix.*/libpinsafe.so.1" >/dev/null ||
		fail "$object finds another libpinsafe"
done
# What they call has other parameters in another release: they must not get there.
map=$build/libpinsafe/libpinsafe.map
other=$root/other
tool=$prefix/bin/ibv_pinsafe_devinfo
mkdir -p "$other"/{bin,pinsafe,libibverbs}
sed -n 's/^\t\+\(pinsafe_[a-z_]*\);/int \1(void) { return 0; }/p' "$map" \
	>"$other/stub.c"
cp "$preload" "$other/pinsafe/"
cp "$provider" "$other/libibverbs/"

# make_other RELEASE: a library that has everything, as that release would
make_other()
{
	sed "s/^PINSAFE_PRIVATE[^ ]*/PINSAFE_PRIVATE_$1/" "$map" >"$other/map"
	${CC:-cc} -w -shared -fPIC -Wl,-soname,libpinsafe.so.1 \
		-Wl,--version-script="$other/map" \
		-o "$other/libpinsafe.so.1" "$other/stub.c"
}

# with_other OBJECT: the tool, or any program into which it is preloaded
with_other()
{
	if [ "$1" = "$tool" ]; then
		LD_LIBRARY_PATH=$other "$tool" --version
	else
		LD_PRELOAD=$1 env true
	fi
}

make_other "$version"
for object in "$other"/{pinsafe,libibverbs}/* "$tool"; do
	with_other "$object" >/dev/null || fail "$object does not run at all"
done
make_other 0.0.9
for object in "$other"/{pinsafe,libibverbs}/* "$tool"; do
	if said=$(with_other "$object" 2>&1); then
		fail "$object runs with the library of another release"
	fi
	case $said in
	*libpinsafe.so.1:*"PINSAFE_PRIVATE_$version' not found (required by"*) ;;
	*) fail "$object: what is wrong is not said: $said" ;;
	esac
	[ "$(echo "$said" | wc -l)" = 1 ] || fail "$object: says more: $said"
done
readelf -d "$provider" | grep "NEEDED.*libpinsafe.so.1" >/dev/null ||
	fail "the provider does not need libpinsafe"
find "$root" -name pinsafe.driver | xargs grep -q '^driver .*pinsafe$' ||
	fail "there is no example for /etc/libibverbs.d"
if LD_PRELOAD=$preload cat /proc/self/maps | grep libibverbs; then
	fail "libibverbs is mapped into a program that does not use it"
fi
