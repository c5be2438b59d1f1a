#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# Each public function has a manual page whose synopsis has it as the header
# does, and which says what each page should; no page is about anything else.
# With abi-symbols.sh: exported symbols, map, header and pages are the same.
#
#   abi-man.sh MAP INCLUDE-DIR MAN-SOURCES MAN-BUILT
set -euo pipefail

map=$1 include=$2 sources=$3 built=$4
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sections=(NAME SYNOPSIS DESCRIPTION "RETURN VALUE" NOTES "SEE ALSO")

fail()
{
	echo "$*" >&2
	exit 1
}

# prototypes FILE...: each on one line, with single spaces
prototypes()
{
	cat "$@" | sed '/^typedef/d' | tr -s ' \t\n' ' ' | sed 's|( |(|g' |
		grep -oE '(const char|struct [a-z_]+|int|void) \*?pinsafe_[a-z_0-9]+\([^;{]*\);' |
		sort -u
}

# names FILE: what stands before the dash
names()
{
	sed -nE '/^# NAME/,/^# SYN/ s/^([a-z_0-9, ]+) - .*/\1/p' "$1" |
		sed 's/, /\n/g'
}

awk '/^[ \t]+pinsafe_[a-z_0-9]+;/ { sub(/;/, "", $1); print $1 }' "$map" |
	grep -v '^pinsafe_private_' | sort >"$dir/map"
test -s "$dir/map"
for page in "$sources"/*.3.md; do
	names "$page"
	prototypes "$page" >>"$dir/synopses"
	for section in "${sections[@]}"; do
		grep -qx "# $section" "$page" || fail "$page has no $section"
	done
	if [ "$(names "$page" | head -1)" != "$(basename "$page" .3.md)" ]; then
		fail "$page has another name first"
	fi
done | sort >"$dir/names"
diff -u "$dir/map" "$dir/names"
sort -u -o "$dir/synopses" "$dir/synopses"
prototypes "$include"/infiniband/*.h >"$dir/header"
[ "$(wc -l <"$dir/header")" = "$(wc -l <"$dir/map")" ] ||
	fail "the headers have other functions than the map"
diff -u "$dir/header" "$dir/synopses"

# Pages refer to pages that exist.
grep -ohE '\*\*(ibv_)?pinsafe[a-z_.]*\*\*\([1-9]\)' "$sources"/*.md |
	sort -u | sed -E 's/\*\*(.*)\*\*\((.)\)/\1.\2/' >"$dir/references"
while read -r reference; do
	[ -e "$sources/$reference.md" ] || fail "there is no page $reference"
done <"$dir/references"

if [ ! -e "$built/pinsafe.7" ]; then
	echo "the pages are not built, so only their sources are looked at"
	exit 0
fi
while read -r name; do
	[ -s "$built/$name.3" ] || fail "$name.3 is not built"
	target=$(sed -n 's,^\.so man3/,,p' "$built/$name.3")
	[ -s "$built/${target:-$name.3}" ] || fail "$name.3 is a bad link"
done <"$dir/map"
