#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# ibv_pinsafe_devinfo shows a memory region that pinsafe guards with its file,
# offset and lease, and sees the lease being broken and the region go.
#
#   devinfo-guarded.py TOOL TARGET DIR
#
# The preload object is the inherited LD_PRELOAD, for the target only.

import os
import pathlib
import signal
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from devinfo import (PAGE, PRELOAD, Target, Tool, done, ok, process, region,
                     wait_until)

tool = Tool(sys.argv[1])
path = os.path.join(sys.argv[3], "devinfo file")
target = Target(sys.argv[2], f"write:{path}", "anonymous", preload=PRELOAD)
address, length, lkey, rkey = target.regions[0]

status, report = tool.json("-p", target.pid)
ok(status == 0, f"everything is protected: status {status}")
mine = process(report, target.pid)
ok(mine["pinsafe"] is True, "the process runs pinsafe")
ok(isinstance(mine["keeper_tid"], int), "its keeper is found")
ok(len(mine["mrs"]) == 2, "it has two memory regions")

mr = region(report, target.pid, length)
ok(mr["state"] == "guarded" and mr["needs_guard"], f"guarded: {mr['state']}")
ok(int(mr["address"], 0) == address, f"its address: {mr['address']}")
ok(int(mr["lkey"], 0) == lkey and int(mr["rkey"], 0) == rkey, "its keys")
ok(len(mr["parts"]) == 1, "one file under it")
part = mr["parts"][0]
ok(part["path"] == path, f"the file: {part['path']}")
ok(part["inode"] == os.stat(path).st_ino, "its inode")
ok(part["kind"] == "fsdax", f"its kind: {part['kind']}")
ok(part["offset"] == PAGE, f"its offset: {part['offset']}")
ok(part["lease"] == "layout" and part["lease_holder"] == "keeper",
   f"a {part['lease']} lease of the {part['lease_holder']}")
ok(not part["breaking"], "which nobody breaks")
ok([lease["path"] for lease in mine["leases"]] == [path],
   "the lease is listed with its file")

mr = region(report, target.pid, target.regions[1][1])
ok(mr["state"] == "no-file" and not mr["needs_guard"],
   f"anonymous memory: {mr['state']}")

status, text, errors = tool.run("-p", target.pid)
ok(status == 0 and not errors, "the table, too")
ok("layout lease of the keeper" in text and path in text, "it names both")
ok(max(map(len, text.splitlines())) <= 80, "in 80 columns")
print(text)

# The keeper cannot answer, so the break stays
os.kill(target.pid, signal.SIGSTOP)
truncate = subprocess.Popen(["truncate", "-s", "0", path])


def is_breaking():
    _, now = tool.json("-p", target.pid)
    mr = region(now, target.pid, length)
    return mr and mr["state"] == "breaking" and mr["parts"][0]["breaking"]


ok(wait_until(is_breaking), "a lease that is being broken is shown as such")
os.kill(target.pid, signal.SIGCONT)
ok(truncate.wait(60) == 0, "truncate goes on when the keeper does")
_, report = tool.json("-p", target.pid)
mine = process(report, target.pid)
ok(region(report, target.pid, length) is None, "the region is gone")
ok(mine["leases"] == [], "and so is the lease")

ok(target.stop() == 0, "the target ends well")
os.unlink(path)
done()
