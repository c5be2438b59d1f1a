# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# For cases that watch a program while its file is truncated; sourced by them.

# wait_line FILE REGEX PID: until FILE has such a line, as long as PID lives
wait_line()
{
	local end=$((SECONDS + 60))

	until grep -qE "$2" "$1"; do
		kill -0 "$3" 2>/dev/null && [ $SECONDS -lt $end ] || {
			# It may have said it last of all.
			grep -qE "$2" "$1"
			return
		}
		sleep 0.05
	done
}

# truncate(1) opens with O_NONBLOCK, and so fails where an ordinary lease is
# being broken.
truncate_to()
{
	python3 -c 'import os, sys; os.truncate(sys.argv[1], int(sys.argv[2]))' \
		"$1" "$2"
}
