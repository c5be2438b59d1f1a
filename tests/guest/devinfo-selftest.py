#!/usr/bin/python3 -IS
# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
#
# "ibv_pinsafe_devinfo --selftest" says which promises hold on this kernel, and
# leaves every file as it was.
#
#   devinfo-selftest.py TOOL

import hashlib
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent / "lib"))
from devinfo import LAYOUT, PAGE_CACHES, VERSION, PAGE, Tool, done, ok

tool = Tool(sys.argv[1])
# C6 is about what cannot be guarded
ALL = {f"C{n}": True if n != 6 else None for n in range(1, 8)}


def look(path):
    """What must be the same afterwards"""
    st = os.stat(path)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        try:
            hole = os.lseek(file.fileno(), 0, os.SEEK_HOLE)
        except OSError:
            hole = None
    return (st.st_ino, st.st_mode, st.st_uid, st.st_size, st.st_mtime_ns,
            hole, digest)


def make(path):
    """Some data, a hole, some data"""
    with open(path, "wb") as file:
        file.write(os.urandom(5 * PAGE + 17))
        file.seek(64 * PAGE)
        file.write(os.urandom(PAGE + 3))
    os.chmod(path, 0o640)
    os.utime(path, (1000, 2000))
    return look(path)


def check(path, what, status, verdict, errno):
    seen, report = tool.json("--selftest", path)
    ok(seen == status and report["verdict"] == verdict
       and report["errno"] == errno,
       f"{what}: {report['verdict']} {report['errno'] or ''}, status {seen}")
    for step in report["steps"]:
        print(f"#   {step['ms']} ms {step['step']}: {step['detail']}")
    return report


def deaf(report):
    """What became of a truncate that a holder did not answer"""
    return next(step["detail"] for step in report["steps"]
                if step["step"] == "truncate while a holder does not answer")


def break_time(seconds):
    pathlib.Path("/proc/sys/fs/lease-break-time").write_text(f"{seconds}\n")


# So that nobody waits for it more often than needed
break_time(45)
for name in ("EXT4", "XFS"):
    directory = os.environ["PINSAFE_TEST_" + name]
    path = directory + "/precious"
    before = make(path)
    used = open(path)   # which nobody disturbs
    for where in (directory, path) if name == "EXT4" else (path,):
        what = f"{name.lower()} {'file' if where == path else 'directory'}"
        if LAYOUT:
            report = check(where, what, 0, "protected", None)
            ok(report["promises"] == ALL, f"{what}: {report['promises']}")
            names = [step["step"] for step in report["steps"]]
            ok("truncate by another process" in names
               and "punch a hole by another process" in names,
               f"{what}: both operations were tried")
            ok(deaf(report).startswith("not tried"),
               f"{what}: {deaf(report)}")
        else:
            report = check(where, what, 1, "refused", "EOPNOTSUPP")
            ok(report["promises"]["C6"] is True, f"{what}: with a reason")
        ok(all(step["ok"] for step in report["steps"]), f"{what}: all steps")
        ok(os.path.dirname(report["path"]) == os.path.realpath(directory),
           f"{what}: {report['path']}")
    used.close()
    ok(look(path) == before, f"{name}: the file is as it was: {look(path)}")
    ok([n for n in os.listdir(directory) if "selftest" in n] == [],
       f"{name}: nothing is left")

    os.unlink(path)

tmpfs = os.environ["PINSAFE_TEST_TMPFS"]
report = check(tmpfs, "tmpfs", 2, "unprotected", None)
ok(os.listdir(tmpfs) == [], "tmpfs: nothing is left")
cached = os.environ["PINSAFE_TEST_PAGECACHE"]
break_time(2)
# With page_cache_write=yes a device may write there on any kernel.
KEPT = os.environ.get("PINSAFE_PAGE_CACHE_WRITE") == "yes"
if VERSION == "6.1" or KEPT:
    report = check(cached, "page cache", 0, "protected", None)
    ok(report["access"] == "write" and report["promises"] == ALL,
       f"page cache: {report['access']}, {report['promises']}")
elif PAGE_CACHES:
    report = check(cached, "page cache", 0, "protected", None)
    ok(report["access"] == "read" and report["promises"] == ALL | {
        "C1": None, "C6": True}, f"page cache: {report['promises']}")
    names = [step["step"] for step in report["steps"]]
    ok("read by another process" in names, "page cache: cat breaks nothing")
    ok(deaf(report) == "ETXTBSY", f"page cache: a holder is deaf: {deaf(report)}")
else:
    check(cached, "page cache", 1, "refused", "EFAULT")

status, text, errors = tool.run("--selftest", tmpfs, "-d", "nosuch0")
ok(status == 3 and "rdma link add" in errors, f"no device: {errors.strip()}")
status, text, errors = tool.run("--selftest", tmpfs + "/nosuch")
ok(status == 3 and not text and errors, f"no file: {errors.strip()}")
status, text, errors = tool.run("--selftest", "/dev/null")
ok(status == 3 and not text and errors, f"a device: {errors.strip()}")
env = dict(os.environ, PINSAFE="off")
result = subprocess.run([sys.argv[1], "--selftest", tmpfs], env=env,
                        capture_output=True, text=True)
ok(result.returncode == 3, f"pinsafe is off: {result.stderr.strip()}")

status, text, errors = tool.run("--selftest", os.environ["PINSAFE_TEST_EXT4"])
print(text)
ok(max(map(len, text.splitlines())) <= 80, "in 80 columns")
done()
