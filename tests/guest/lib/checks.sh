# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# What the cases that are shell scripts have in common; sourced by them.

checks=0
failed=0

ok()
{
	local verdict=$1 text=$2

	checks=$((checks + 1))
	if [ "$verdict" = 0 ]; then
		echo "ok $checks - $text"
	else
		echo "not ok $checks - $text"
		failed=$((failed + 1))
	fi
}

bail()
{
	echo "bail out: $*"
	exit 1
}

gid_index()
{
	local gid

	for gid in /sys/class/infiniband/rxe0/ports/1/gids/*; do
		if grep -q '^0000:0000:0000:0000:0000:ffff:' "$gid"; then
			basename "$gid"
			return
		fi
	done 2>/dev/null
	echo 0
}
