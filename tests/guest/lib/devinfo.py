# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
"""Running ibv_pinsafe_devinfo and devinfo-target, and checks, for the cases
that are Python."""

import json
import os
import pathlib
import subprocess
import sys
import time

PRELOAD = os.environ.pop("LD_PRELOAD", "")
VERSION = os.environ.get("PINSAFE_TEST_VERSION", "")
LAYOUT = "PINSAFE_TEST_LEASES" in os.environ
_GUARDED = pathlib.Path("/sys/module/layout_lease/parameters/file_systems")
PAGE_CACHES = _GUARDED.exists() and "tmpfs" in _GUARDED.read_text()
PAGE = 4096
DEADLINE = 60

checks = failed = 0


def ok(verdict, text):
    global checks, failed
    checks += 1
    failed += not verdict
    print(f"{'ok' if verdict else 'not ok'} {checks} - {text}", flush=True)
    return verdict


def done():
    print(f"{checks} checks, {failed} failed")
    sys.exit(1 if failed else 0)


class Tool:
    def __init__(self, path):
        self.path = path

    def run(self, *args, user=None):
        """Exit status, standard output and standard error"""
        command = [self.path, *map(str, args)]
        if user:
            command = ["setpriv", "--reuid", user, "--clear-groups",
                       "--", *command]
        result = subprocess.run(command, capture_output=True, text=True,
                                timeout=DEADLINE)
        return result.returncode, result.stdout, result.stderr

    def json(self, *args, user=None):
        status, output, errors = self.run("--json", *args, user=user)
        if not output:
            print(f"# {args}: {errors}")
            return status, None
        report = json.loads(output)
        ok(report["status"] == status, f"{args}: says its exit status {status}")
        return status, report


class Target:
    """A devinfo-target, and what it says of its memory regions"""

    def __init__(self, program, *regions, preload="", user=None):
        command = [program, *regions]
        if user:
            command = ["setpriv", "--reuid", user, "--clear-groups",
                       "--", *command]
        env = dict(os.environ)
        if preload:
            env["LD_PRELOAD"] = preload
        self.process = subprocess.Popen(command, env=env, text=True,
                                        stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.regions = []
        self.refused = []
        for line in self.process.stdout:
            if line == "ready\n":
                return
            print(f"# target: {line}", end="")
            words = line.split()
            if words[:1] == ["refused"]:
                self.refused.append(words[1])
            if len(words) == 4 and words[0].startswith("0x"):
                self.regions.append([int(word, 0) for word in words])
        sys.exit("bail out: the target did not get ready")

    def stop(self):
        self.process.stdin.close()
        return self.process.wait(DEADLINE)


def wait_until(condition):
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def process(report, pid):
    """What a report says of one process, or None"""
    return next((p for p in report["processes"] if p["pid"] == pid), None)


def region(report, pid, length):
    """What it says of the memory region of this length"""
    found = process(report, pid)
    return next((mr for mr in found["mrs"] if mr["length"] == length),
                None) if found else None
