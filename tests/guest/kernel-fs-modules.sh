#!/bin/sh
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# ext4, xfs and the driver of their devices may come after the module, and go and
# come again while it is loaded: whoever is there has leases that protect, and
# nothing stays behind.
set -eu

params=/sys/module/layout_lease/parameters
patience=100	# tenths of a second

fail()
{
	echo "FAIL $*"
	exit 1
}

# Of these two; who else is there depends on the cases before this one
have()
{
	local is

	is=$(grep -oE 'ext4|xfs' $params/file_systems | xargs)
	[ "$is" = "$1" ] || fail "$2: '$is' has leases, not '$1'"
	echo "ok   $2: '$is'"
}

come()
{
	modprobe -C /dev/null -d "$PINSAFE_TEST_PACKAGE" "$1" ||
		fail "modprobe $1"
}

unmount_all()
{
	local fs

	for fs in ext4 xfs pagecache; do
		! mountpoint -q /mnt/$fs || umount /mnt/$fs
	done
}

# A lease on this file system holds off those who take blocks away
protects()
{
	mount -t "$1" -o dax=always "/run/pmem-$1" "/mnt/$1"
	python3 - "/mnt/$1/file" <<-END || fail "$1 $2"
	import fcntl, os, signal, subprocess, sys
	path = sys.argv[1]
	fd = os.open(path, os.O_RDWR | os.O_CREAT)
	os.write(fd, bytes(1 << 20))
	signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGIO})
	for command in "fallocate -p -l 4096", "truncate -s 0":
	    fcntl.fcntl(fd, fcntl.F_SETLEASE, 16)
	    other = subprocess.Popen(command.split() + [path])
	    assert signal.sigtimedwait({signal.SIGIO}, 20), "no break"
	    assert other.poll() is None, "it did not wait"
	    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
	    assert other.wait() == 0, "it failed"
	END
	umount "/mnt/$1"
	echo "ok   $1 $2: leases protect"
}

# Devices are numbered as they are found
find_devices()
{
	local left=$patience fs

	for fs in ext4 xfs; do
		until ln -sf "$(blkid -c /dev/null -t TYPE=$fs -o device /dev/pmem*)" \
				/run/pmem-$fs && [ -b /run/pmem-$fs ]; do
			[ $((left -= 1)) -gt 0 ] || fail "no device with $fs"
			sleep 0.1
		done
	done
}

unmount_all
rmmod layout_lease ext4 xfs
insmod "$PINSAFE_TEST_MODULE"
have "" "before any of them"
come xfs
have "xfs" "then xfs"
come ext4
have "ext4 xfs" "then ext4"
protects ext4 "after the module"
protects xfs "after the module"
rmmod ext4
have "xfs" "ext4 has gone"
protects xfs "without ext4"
come ext4
have "ext4 xfs" "and is back"
protects ext4 "that came again"
rmmod nd_pmem
come nd_pmem
find_devices
protects xfs "with the devices back"
rmmod ext4 xfs
rmmod layout_lease
! grep . /sys/kernel/debug/tracing/enabled_functions || fail "hooks are left"
come ext4
come xfs
insmod "$PINSAFE_TEST_MODULE"
have "ext4 xfs" "all before the module"
