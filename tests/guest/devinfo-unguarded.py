#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# In processes that know nothing of pinsafe, ibv_pinsafe_devinfo shows memory
# regions over files as NOT GUARDED, whoever looks; and says what it cannot
# tell, rather than that it is well.
#
#   devinfo-unguarded.py TOOL TARGET

import json
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from devinfo import Target, Tool, done, ok, process, region

tool = Tool(sys.argv[1])
program = sys.argv[2]
cached = os.environ["PINSAFE_TEST_PAGECACHE"] + "/cached"
memory = os.environ["PINSAFE_TEST_TMPFS"] + "/memory"


def look(target, regions, user, whose):
    """Addresses and states of a target with three regions"""
    status, report = tool.json("-p", target.pid, user=user)
    mine = process(report, target.pid)
    ok(mine["pinsafe"] is False, f"{whose}: without pinsafe")
    for (address, length, _, _), (kind, state, needs) in zip(target.regions,
                                                             regions):
        mr = region(report, target.pid, length)
        ok(mr["state"] == state and mr["needs_guard"] == needs,
           f"{whose}: {kind}: {mr['state']}")
        ok(mr["address"] and int(mr["address"], 0) == address,
           f"{whose}: {kind}: its address: {mr['address']}")
        ok([part["kind"] for part in mr["parts"]] == [kind],
           f"{whose}: {kind}: its kind")
    return status, report


ALL = (("page-cache", "not-guarded", True), ("memory", "not-guarded", False),
       ("anonymous", "no-file", False))

target = Target(program, f"read:{cached}", f"write:{memory}", "anonymous")
status, report = look(target, ALL, None, "root")
ok(status == 1, f"a page-cache file without a guard: status {status}")
ok(report["keys"] is True, "root sees the keys")
part = region(report, target.pid, target.regions[0][1])["parts"][0]
ok(part["path"] == cached and part["lease"] is None, "which file it is")
status, text, errors = tool.run("-p", target.pid)
ok(text.count("NOT GUARDED") == 2, "the table says so")
ok(max(map(len, text.splitlines())) <= 80, "in 80 columns")
print(text)

# Somebody else sees that there are memory regions, and no more
status, report = tool.json("-p", target.pid, user="nobody")
mine = process(report, target.pid)
ok(status == 3, f"another user cannot tell: status {status}")
ok(report["keys"] is False, "and sees no keys")
ok({mr["state"] for mr in mine["mrs"]} == {"unknown"}, "all are unknown")
ok(mine["notes"], f"with the reason: {mine['notes']}")

status, report = tool.json("-a")
ok(process(report, target.pid) is not None, "-a finds the process")
status, report = tool.json("-a", "-d", "nosuch0")
ok(report["processes"] == [] and status == 0, "but not on another device")
ok(target.stop() == 0, "the target ends well")

status, text, errors = tool.run("-p", target.pid)
ok(status == 3 and not text and "No such process" in errors,
   "a process that has ended is an error")

os.unlink(cached)
os.unlink(memory)
target = Target(program, f"read:{cached}", f"write:{memory}", "anonymous",
                user="nobody")
look(target, ALL, "nobody", "its own user, without keys")
target.stop()

target = Target(program, f"write:{memory}", "anonymous")
status, _ = tool.json("-p", target.pid)
ok(status == 2, f"memory only: unprotected by policy: status {status}")
target.stop()

# Processes that end while they are looked at
for _ in range(5):
    targets = [Target(program, "anonymous", "anonymous") for _ in range(4)]
    looking = subprocess.Popen([tool.path, "-a", "--json"], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for target in targets:
        target.process.kill()
    text, errors = looking.communicate(timeout=60)
    for target in targets:
        target.process.wait()
    ok(not errors and looking.returncode in (0, 3),
       f"while processes are killed: status {looking.returncode} {errors}")
    ok(all(mr["state"] in ("no-file", "unknown")
           for one in json.loads(text)["processes"] for mr in one["mrs"]),
       "and nothing is made up")

target = Target(program, "anonymous")
status, _ = tool.json("-p", target.pid)
ok(status == 0, f"anonymous memory only: status {status}")
target.stop()
os.unlink(cached)
os.unlink(memory)
done()
