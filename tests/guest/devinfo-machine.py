#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# The report on the machine: kernel abilities, devices and file systems are what
# is known of the guest, for root and for an ordinary user; and every key of
# every report is in the manual page.
#
#   devinfo-machine.py TOOL TARGET MANUAL-PAGE

import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from devinfo import LAYOUT, VERSION, Target, Tool, done, ok

tool = Tool(sys.argv[1])
manual = pathlib.Path(sys.argv[3]).read_text()
module = pathlib.Path("/sys/module/layout_lease")
is_module = module.exists()

# What the guests have, by kernel; None: as it may be
GOLDEN = {
    "layout_leases": LAYOUT,
    "leases": True,
    "leases_enabled": True,
    "lease_break_time": 10,
    "madv_populate_write": True,
    "procmap_query": VERSION != "6.1",
    "page_cache_pins_by_version": VERSION == "6.1",
}


def keys(value, found):
    if isinstance(value, dict):
        found.update(value)
        for inner in value.values():
            keys(inner, found)
    elif isinstance(value, list):
        for inner in value:
            keys(inner, found)
    return found


def check_provider(who, provider):
    by = "module" if is_module else "kernel" if LAYOUT else "none"
    ok(provider["by"] == by, f"{who}: layout leases by {provider['by']}")
    if not is_module:
        ok(provider["version"] is None and provider["leases"] is None,
           f"{who}: without a module it has no version and counters")
        return
    for key, name in (("version", "version"), ("state", "parameters/state"),
                      ("guards", "parameters/file_systems")):
        ok(provider[key] == (module / name).read_text().strip(),
           f"{who}: {key}: {provider[key]}")
    ok(provider["state"] == "ok", f"{who}: it is alive")
    for key in ("leases", "pinned_files", "breaks", "timeouts",
                "refused_pins"):
        ok(isinstance(provider[key], int), f"{who}: {key}: {provider[key]}")


def check_machine(user):
    who = user or "root"
    status, report = tool.json(user=user)
    ok(status == 0, f"{who}: status {status}")
    kernel = report["kernel"]
    ok(kernel["release"] == os.uname().release, f"{who}: {kernel['release']}")
    for key, value in GOLDEN.items():
        ok(kernel[key] == value, f"{who}: {key}: {kernel[key]}")

    check_provider(who, kernel["layout_lease_provider"])
    device = next(d for d in report["devices"] if d["name"] == "rxe0")
    ok(device["provider"] == "rxe", f"{who}: {device['provider']}")
    ok(device["hooked"] is True and device["hook_error"] is None,
       f"{who}: pinsafe can guard it")
    ok(device["max_mr_size"] > 0, f"{who}: {device['max_mr_size']}")

    systems = {fs["directory"]: fs for fs in report["file_systems"]}
    for name in ("EXT4", "XFS"):
        fs = systems[os.environ["PINSAFE_TEST_" + name]]
        ok(fs["dax"] == "always" and fs["type"] == name.lower(),
           f"{who}: {fs['type']}, DAX {fs['dax']}")
        ok(fs["block_size"] == 4096, f"{who}: {fs['block_size']}")
        ok((fs["guard"], fs["errno"]) ==
           (("layout", None) if LAYOUT else ("none", "EOPNOTSUPP")),
           f"{who}: {fs['type']}: {fs['guard']}, {fs['errno']}")
    fs = systems[os.environ["PINSAFE_TEST_PAGECACHE"]]
    ok(fs["dax"] == "never" and (fs["guard"], fs["errno"]) ==
       (("lease", None) if VERSION == "6.1" else ("none", "EFAULT")),
       f"{who}: no DAX: {fs}")
    fs = systems[os.environ["PINSAFE_TEST_TMPFS"]]
    ok(fs["status"] == 2 and fs["guard"] == "none", f"{who}: tmpfs: {fs}")
    ok("/proc" not in systems and "/sys" not in systems,
       f"{who}: nothing that has no files")
    return report


reports = [check_machine(None), check_machine("nobody")]
status, text, errors = tool.run("-v")
print(text)
ok(status == 0 and not errors, "the table, too")
ok(max(map(len, text.splitlines())) <= 80, "in 80 columns")

pathlib.Path("/proc/sys/fs/leases-enable").write_text("0")
_, report = tool.json()
pathlib.Path("/proc/sys/fs/leases-enable").write_text("1")
ok(report["kernel"]["leases_enabled"] is False, "leases turned off are seen")
ok(report["kernel"]["layout_leases"] is None,
   "then nobody can tell whether there are layout leases")

memory = os.environ["PINSAFE_TEST_TMPFS"] + "/memory"
target = Target(sys.argv[2], f"write:{memory}")
with open(memory) as file:
    for args in (["-a"], ["-p", target.pid], ["-f", memory]):
        reports.append(tool.json(*args)[1])
target.stop()

for report in reports:
    missing = sorted(key for key in keys(report, set())
                     if f"**{key}**" not in manual)
    ok(not missing, f"mode {report['mode']}: all keys are in the manual page"
       + (f", but {missing}" if missing else ""))
done()
