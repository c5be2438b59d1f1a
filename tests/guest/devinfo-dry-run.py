#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# What "ibv_pinsafe_devinfo -f" says of a file is what becomes of a registration
# under pinsafe: the same errno, or a guard that is really there, or none.
#
#   devinfo-dry-run.py TOOL TARGET
#
# The preload object is the inherited LD_PRELOAD, for the target only.

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from devinfo import PAGE, PRELOAD, Target, Tool, done, ok, region

tool = Tool(sys.argv[1])
program = sys.argv[2]
STATUS = {"protected": 0, "refused": 1, "unprotected": 2}


def compare(name, path, access, user=None, owner=None):
    """Register the second page of a file, and say what would become of it"""
    what = f"{name} for {access} by {user or 'root'}"
    pathlib.Path(path).write_bytes(b"D" * 2 * PAGE)
    os.chmod(path, 0o666)
    if owner is not None:
        os.chown(path, owner, owner)
    status, report = tool.json("-f", path, "--offset", PAGE, "--length", PAGE,
                               "--access", access, user=user)
    ok(STATUS[report["verdict"]] == status,
       f"{what}: {report['verdict']}, status {status}")
    ok(report["file"]["inode"] == os.stat(path).st_ino, f"{what}: its inode")
    ok(report["holders"] == [] and report["openers"] == [],
       f"{what}: nobody uses it")

    target = Target(program, f"{access}:{path}", preload=PRELOAD, user=user)
    expected = [report["errno"]] if report["errno"] else []
    ok(target.refused == expected,
       f"{what}: refused: {target.refused}, foretold: {expected}")
    if not report["errno"]:
        _, seen = tool.json("-p", target.pid)
        part = region(seen, target.pid, PAGE)["parts"][0]
        lease = {"none": None}.get(report["guard"], report["guard"])
        ok(part["lease"] == lease,
           f"{what}: a {part['lease']} lease, foretold: {lease}")
        ok(part["kind"] == report["file"]["kind"], f"{what}: {part['kind']}")
        _, report = tool.json("-f", path)
        ok(not lease or [h["pid"] for h in report["holders"]] == [target.pid],
           f"{what}: now it is held by the target")
    target.stop()
    os.unlink(path)
    return report


def path_on(variable):
    return os.environ["PINSAFE_TEST_" + variable] + "/dry-run"


compare("dax.ext4", path_on("EXT4"), "write")
compare("dax.ext4", path_on("EXT4"), "read")
compare("dax.xfs", path_on("XFS"), "write")
compare("page cache", path_on("PAGECACHE"), "write")
compare("page cache", path_on("PAGECACHE"), "read")
compare("tmpfs", path_on("TMPFS"), "write")
# By a policy, which makes no difference without the module
os.environ |= {"PINSAFE_PAGE_CACHE_WRITE": "yes", "PINSAFE_SHMEM": "guard"}
for name in ("PAGECACHE", "TMPFS"):
    for access in ("write", "read"):
        compare(f"{name} by policy", path_on(name), access)
del os.environ["PINSAFE_PAGE_CACHE_WRITE"], os.environ["PINSAFE_SHMEM"]
# Somebody else's file, and one's own
compare("dax.ext4", path_on("EXT4"), "write", user="nobody", owner=0)
compare("dax.xfs", path_on("XFS"), "write", user="nobody", owner=65534)
compare("tmpfs", path_on("TMPFS"), "write", user="nobody", owner=0)

path = os.environ["PINSAFE_TEST_TMPFS"] + "/short"
pathlib.Path(path).write_bytes(b"D" * PAGE)
status, report = tool.json("-f", path, "--length", PAGE + 1)
ok(status == 1 and report["errno"] == "EFAULT", "beyond the end: EFAULT")
with open(path) as file:
    _, report = tool.json("-f", path)
    ok([o["pid"] for o in report["openers"]] == [os.getpid()],
       "who has it open is named")
    ok(report["openers_complete"] is True, "root sees all of them")
    _, report = tool.json("-f", path, user="nobody")
    ok(report["openers_complete"] is False, "nobody does not, and is told")
os.unlink(path)

for wrong in (["-f", path], ["-f", "/"], ["-f", path, "-a"], ["--offset", "1"],
              ["-p", "0"], ["--access=both"], ["--nosuch"], ["-d", "nosuch0"],
              ["--watch"]):
    status, text, errors = tool.run(*wrong)
    ok(status == 3 and not text and errors, f"{wrong}: {errors.strip()}")
done()
