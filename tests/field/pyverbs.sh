#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# rdma-core's own tests, which register no files, end under pinsafe as they end
# without, each of them, and pinsafe says nothing.
#
# The preload object is the inherited LD_PRELOAD.

preload=${LD_PRELOAD-}
unset LD_PRELOAD PINSAFE_LOG
. "$(dirname "${BASH_SOURCE[0]}")/../guest/lib/checks.sh"

source=/usr/share/doc/rdma-core/tests

skip()
{
	echo "skipped: $*"
	exit 77
}

# run PRELOAD: a line for each test.  That of completion queues which are resized
# fails by chance on soft-RoCE.
run()
{
	LD_PRELOAD=$1 timeout 900 python3 "$work/tests/run_tests.py" \
		--dev rxe0 --gid "$gid" -v "${modules[@]}" >"$work/log" 2>&1
	awk '/^test_[a-z0-9_]+ \(/ { name = $2 }
		/ \.\.\. (ok|FAIL|ERROR|skipped.*)$|^(ok|FAIL|ERROR)$/ {
			sub(/.* \.\.\. /, ""); print name, $1
		}' "$work/log" | grep -v test_resize_cq
}

[ -n "$preload" ] || bail "LD_PRELOAD is not set"
[ -e "$source/run_tests.py" ] || skip "no tests of rdma-core in $source"
python3 -c 'import pyverbs.mr' 2>/dev/null || skip "no python3-pyverbs"
gid=$(gid_index)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tests"
cp "$source"/* "$work/tests"
gunzip -q "$work"/tests/*.gz
cd "$work/tests" || bail "$work/tests"
modules=(test_*.py)
for provider in mlx5 efa cuda; do
	modules=("${modules[@]/test_*$provider*/}")
done
modules=(${modules[@]%.py})

without=$(run "")
n=$(grep -c ' ok$' <<<"$without")
[ "$n" -ge 60 ]
ok $? "without pinsafe: $n of $(wc -l <<<"$without") tests are ok"
with=$(run "$preload")
[ "$with" = "$without" ]
ok $? "the same under pinsafe"
echo "$without" >"$work/without"
diff "$work/without" - <<<"$with" | sed 's/^/# /'
! grep -q '^pinsafe:' "$work/log"
ok $? "pinsafe says nothing"
echo "$checks checks, $failed failed"
[ $failed = 0 ]
