#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# ibv_pinsafe_devinfo on this machine, whatever it has: statuses, where errors
# go, and that --help, the manual page and the completion know all options.
#
#   devinfo-cli.sh TOOL MANUAL-PAGE COMPLETION

tool=$1
manual=$2
completion=$3
failed=0
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# expect STATUS "out|err" ARGUMENT...
expect()
{
	local want=$1 where=$2 status
	shift 2

	"$tool" "$@" >"$dir/out" 2>"$dir/err"
	status=$?
	if [ $status != "$want" ] || [ ! -s "$dir/$where" ] ||
		{ [ "$where" = err ] && [ -s "$dir/out" ]; }; then
		echo "$*: status $status, not $want"
		cat "$dir/out" "$dir/err"
		failed=1
	fi
}

truncate -s 4096 "$dir/file"
expect 0 out
expect 0 out -v
expect 0 out --json
expect 0 out --help
expect 0 out --version
expect 0 out -p $$ --json
expect 3 err -p 0
expect 3 err -p 1x
expect 3 err -p 4194305
expect 3 err -a -f "$dir/file"
expect 3 err -f "$dir/nosuch"
expect 3 err -f "$dir"
expect 3 err -f "$dir/file" --length -1
expect 3 err -f "$dir/file" --watch
expect 3 err --access read
expect 3 err word
expect 3 err --nosuch
expect 3 err --selftest "$dir/nosuch"
expect 1 out -f "$dir/file" --offset 8192 --length 1

# Half of the machine has it open, and that stops nobody.
expect 0 out -f /dev/null
! grep -q -e 'open in' -e 'other processes' "$dir/out" || {
	echo "-f lists who has a device open"
	failed=1
}

# The permissions of a file on a read-only mount are not what is in the way.
if mkdir "$dir/mnt" && unshare -m sh -c \
	"mount -t tmpfs none '$dir/mnt' && : >'$dir/mnt/f' &&
	truncate -s 4096 '$dir/mnt/f' && mount -o remount,ro '$dir/mnt' &&
	'$tool' -f '$dir/mnt/f'; echo \$?
	# way out: or try --access=read
	'$tool' -f '$dir/mnt/f' --access=read >'$dir/followed'
	# way out: mount it for writing
	mount -o remount,rw '$dir/mnt' && '$tool' -f '$dir/mnt/f' \
		>>'$dir/followed'; :" >"$dir/out" 2>"$dir/err" &&
	grep -q EROFS "$dir/out"; then
	grep -q 'mounted read-only' "$dir/out" &&
		! grep -q 'change its permissions' "$dir/out" &&
		[ "$(grep -c 'mounted read-only' "$dir/followed")" = 0 ] || {
		echo "-f on a read-only mount:"
		cat "$dir/out" "$dir/followed"
		failed=1
	}
else
	echo "not tried: -f on a read-only mount"
fi

# Nor are they those of an immutable file.
if chattr +i "$dir/file" 2>/dev/null; then
	"$tool" -f "$dir/file" >"$dir/out" 2>&1
	# way out: turn that off (chattr -i)
	chattr -i "$dir/file"
	grep -q 'immutable' "$dir/out" && grep -q 'chattr -i' "$dir/out" &&
		! "$tool" -f "$dir/file" | grep -q 'immutable' || {
		echo "-f of an immutable file:"
		cat "$dir/out"
		failed=1
	}
else
	echo "not tried: -f of an immutable file"
fi

# Somebody else's, which he lets nobody use
if mkdir -m 755 "$dir/open" && : >"$dir/open/f" && chmod 755 "$dir" &&
	chmod 600 "$dir/open/f" && [ $(id -u) = 0 ] &&
	setpriv --reuid 65534 --clear-groups "$tool" -f "$dir/open/f" \
		>"$dir/out" 2>"$dir/err"; [ -s "$dir/out" ]; then
	# way out: change its permissions
	chmod 666 "$dir/open/f"
	grep -q 'change its permissions' "$dir/out" &&
		! setpriv --reuid 65534 --clear-groups "$tool" \
			-f "$dir/open/f" | grep -q 'its permissions' || {
		echo "-f of a file that may not be opened:"
		cat "$dir/out"
		failed=1
	}
else
	echo "not tried: -f of a file that may not be opened"
fi

# Root of a user name space has CAP_LEASE, which the kernel does not count.
: >"$dir/others"
chmod 777 "$dir"
chmod 666 "$dir/others"
truncate -s 4096 "$dir/others"
if chown 4242 "$dir/others" 2>/dev/null && unshare -Ur true 2>/dev/null; then
	unshare -Ur "$tool" -f "$dir/others" --access read >"$dir/out" 2>&1
	grep -q 'EACCES' "$dir/out" && grep -q 'of a user name space' \
		"$dir/out" || {
		echo "-f of the file of another, in a user name space:"
		cat "$dir/out"
		failed=1
	}
else
	echo "not tried: -f in a user name space"
fi

# Where no scratch file can be made the directory is named, not the file in it.
# said SENTENCE: the last one of --selftest, which failed with an error
said()
{
	[ "$status" = 3 ] && [ "$(cat "$dir/err")" = "ibv_pinsafe_devinfo: $1" ] || {
		echo "--selftest: status $status, not \"$1\": $(cat "$dir/err")"
		failed=1
	}
}
mkdir "$dir/full"
unshare -m sh -c "mount -t tmpfs none '$dir/full' && : >'$dir/full/f' &&
	mount -o remount,ro '$dir/full' && : >'$dir/tried' &&
	exec '$tool' --selftest '$dir/full/f'" >"$dir/out" 2>"$dir/err"
status=$?
if [ -f "$dir/tried" ]; then
	said "making a file in $(realpath "$dir")/full/: Read-only file system"
else
	echo "not tried: --selftest on a read-only mount"
fi
# The run-time of ThreadSanitizer itself needs a file that is larger.
if ldd "$tool" | grep -q libtsan; then
	echo "not tried: --selftest with a limit of file sizes"
else
	(ulimit -f 64 && exec "$tool" --selftest "$dir/file") \
		>"$dir/out" 2>"$dir/err"
	status=$?
	said "making a file in $(realpath "$dir")/: File too large"
fi

# A policy is for the whole path, however the file is named.
printf '[path %s]\nguard = none\n' "$(realpath "$dir")" >"$dir/conf"
ln -s file "$dir/link"
for file in "$dir/file" "$dir/link" "$(realpath --relative-to=. "$dir")/file"
do
	PINSAFE_CONFIG=$dir/conf expect 2 out -f "$file" --access read
done

# It ends with the process
sleep 1000 &
sleeper=$!
: >"$dir/watch"	# The tool may not have made it when it is first looked at.
"$tool" -p $sleeper --watch=1 --json >"$dir/watch" 2>"$dir/err" &
watcher=$!
for ((i = 0; i < 200; i++)); do
	[ "$(wc -l <"$dir/watch")" -lt 2 ] || break
	sleep 0.1
done
kill $sleeper
wait $sleeper 2>/dev/null
wait $watcher
status=$?
[ $status = 3 ] && [ "$(wc -l <"$dir/watch")" -ge 2 ] || {
	echo "--watch: status $status"
	failed=1
}
python3 -c 'import json, sys
for line in open(sys.argv[1]): assert json.loads(line)["mode"] == "process"' \
	"$dir/watch" || failed=1

for option in $("$tool" --help | grep -o -e '--[a-z]*' | sort -u); do
	for file in "$manual" "$completion"; do
		grep -q -e "${option#--}" "$file" || {
			echo "$option is not in $file"
			failed=1
		}
	done
done

"$tool" >/dev/full 2>"$dir/err"
[ $? = 3 ] && [ -s "$dir/err" ] || {
	echo "a full disk is no error"
	failed=1
}
exit $failed
