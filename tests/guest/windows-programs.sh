#!/bin/bash
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# rdma-core's own tests of memory windows, which are over anonymous memory, end
# under pinsafe as they end without: nobody takes IBV_ACCESS_MW_BIND from them.
#
# The preload object is the inherited LD_PRELOAD.

preload=${LD_PRELOAD-}
unset LD_PRELOAD
. "$(dirname "${BASH_SOURCE[0]}")/lib/checks.sh"

source=/usr/share/doc/rdma-core/tests

skip()
{
	echo "skipped: $*"
	exit 77
}

# Prints a line for each test: its name and how it ended
windows()
{
	LD_PRELOAD=$1 timeout 100 python3 "$work/tests/run_tests.py" \
		--dev rxe0 --gid "$gid" -v test_mr.MWTest \
		>"$work/log" 2>&1
	grep -oE '^test_[a-z0-9_]+|\.\.\. (ok|FAIL|ERROR|skipped.*)$' \
		"$work/log"
	sed -n 's/^\(Ran [0-9]* tests\) .*/\1/p; /^OK\|^FAILED/p' "$work/log"
}

[ -n "$preload" ] || bail "LD_PRELOAD is not set"
[ -e "$source/test_mr.py.gz" ] || [ -e "$source/test_mr.py" ] ||
	skip "no tests of rdma-core in $source"
python3 -c 'import pyverbs.mr' 2>/dev/null || skip "no python3-pyverbs"
unset PINSAFE_LOG
gid=$(gid_index)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/tests"
# The package imports every test that is there.
for name in __init__ args_parser run_tests base utils mlx5_base \
		mlx5_prm_structs efa_base test_mr; do
	cp "$source/$name.py" "$source/$name.py.gz" "$work/tests" 2>/dev/null
done
gunzip -q "$work"/tests/*.gz

without=$(windows "")
[ -n "$without" ] && grep -q '^OK' <<<"$without"
ok $? "without pinsafe: $(tail -n 2 <<<"$without" | tr '\n' ' ')"
[ "$(grep -c '\.\.\. ok' <<<"$without")" -ge 5 ]
ok $? "at least 5 of them are not skipped"
with=$(windows "$preload")
[ "$with" = "$without" ]
ok $? "the same under pinsafe"
! grep -q '^pinsafe:' "$work/log"
ok $? "pinsafe says nothing"
[ $failed = 0 ] || sed 's/^/# /' "$work/log"

echo "$checks checks, $failed failed"
[ $failed = 0 ]
