# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
"""The module of kernel/module, which gives a kernel layout leases, built for
the kernel of a guest.  A built one is named after everything that goes into
it, so it is found at once and a change of any input builds another."""

import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

import packages
from packages import CACHE, say

TREE = pathlib.Path(__file__).resolve().parents[2]
# The guests see this directory
BUILT = (CACHE / "module").resolve()

# Where the compiler is not this machine's
ENTER = """set -e
mount --bind /dev "$1/dev"
mount -t proc proc "$1/proc"
exec chroot "$@"
"""


class Broken(Exception):
    """The module cannot be built."""


def module(name, image, suite=""):
    """The module of this name for a kernel that is unpacked or built in image.
    The control goes by another name, so nobody takes it for the real one."""
    made = BUILT / digest(name, image, suite) / f"{name}.ko"
    if made.exists():
        return made
    BUILT.mkdir(parents=True, exist_ok=True)
    with open(BUILT / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            compile_module(name, image, suite, made)
    return made


def sources(name):
    """Of the module, or of one for tests that has its directory here"""
    tests = TREE / "tests" / "vm" / name
    return sorted(path for path in
                  (tests if tests.is_dir() else
                   TREE / "kernel" / "module").iterdir()
                  if path.suffix in (".c", ".h") or path.name == "Makefile")


def digest(name, image, suite):
    found = hashlib.sha256(f"{name} {image.name}\n".encode())
    for path in sources(name):
        found.update(f"{path.name} {path.stat().st_size}\n".encode())
        found.update(path.read_bytes())
    if not suite:       # otherwise it came with the headers
        compiler = os.stat(shutil.which("gcc") or image)
        found.update(f"{compiler.st_size} {compiler.st_mtime_ns}".encode())
    return found.hexdigest()[:12]


def compile_module(name, image, suite, made):
    say(f"building {name} for {image.name.removeprefix('linux-image-')}")
    root, kdir = headers(image, suite)
    scratch = root / "tmp" if suite else BUILT
    with tempfile.TemporaryDirectory(dir=scratch) as work:
        for path in sources(name):
            shutil.copy(path, work)
        make(name, root, kdir, work, bool(suite))
        new = pathlib.Path(tempfile.mkdtemp(dir=BUILT))
        # Debug sections are of no use in a guest
        subprocess.run(["strip", "--strip-debug", "-o", new / made.name,
                        f"{work}/{made.name}"], check=True)
        new.chmod(0o755)
        new.rename(made.parent)


def headers(image, suite):
    """What modules for a kernel are built with, and the directory KDIR in it"""
    if (image / "build").exists():      # by kernel/build
        return image, image / "build"
    root = packages.headers(image, suite)
    return root, root / "usr/src" / root.name


def make(name, root, kdir, work, within):
    """Run make in the directory work, within the root directory or not"""
    def seen(path):
        return f"/{pathlib.Path(path).relative_to(root)}" if within else path

    command = ["make", "-C", seen(work), f"-j{os.cpu_count()}",
               f"KDIR={seen(kdir)}"]
    if name.endswith("_control"):
        command.append("CONTROL=1")
    if within:
        command = ["unshare", "--mount", "sh", "-c", ENTER, "sh", root,
                   *command]
    # Without what a make or a ctest that this runs under has set
    build = subprocess.run(command, text=True, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT,
                           env={"PATH": os.environ["PATH"],
                                "LC_ALL": "C.UTF-8"})
    if build.returncode:
        log = BUILT / "build.log"
        log.write_text(build.stdout)
        errors = re.findall(r"^.*(?:error|\*\*\*|not found).*$",
                            build.stdout, re.M)
        raise Broken("\n".join(errors[:20]) +
                     f"\n{name} cannot be built, see {log}")
