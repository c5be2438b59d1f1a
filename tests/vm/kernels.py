# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
"""Which kernels the guests run, and how to get one: taken out of a Debian
package, with or without the module of kernel/module, or built by kernel/build.
A kernel is a row of KERNELS."""

import lzma
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass

import leases
import packages

TREE = pathlib.Path(__file__).resolve().parents[2]


@dataclass
class Kernel:
    version: str            # what cases know it by, with or without leases
    package: str = ""       # Debian package; empty: kernel/build
    suite: str = ""         # of the archive; empty: the machine's own
    build: tuple = ()       # options of kernel/build
    append: str = ""        # for the kernel's command line
    guest: str = ""         # the row whose guest this one shares
    module: str = ""        # what is loaded while a case runs
    leases: bool = False    # it has layout leases
    strict: bool = False    # has every feature, so a skipped case is a failure
    tolerated: str = ""     # a function of which a warning is no failure
    memory: str = "1280M"
    slow: int = 1           # factor for time-outs


def with_module(guest, module="layout_lease", tolerated=""):
    stock = STOCK[guest]
    return Kernel(stock.version, stock.package, stock.suite, guest=guest,
                  module=module, leases=True, strict=True, tolerated=tolerated)


STOCK = {
    "6.12": Kernel("6.12", "linux-image-6.12-amd64"),
    "6.1": Kernel("6.1", "linux-image-amd64"),
    "newest": Kernel("newest", "linux-image-amd64", "sid"),
}
KERNELS = STOCK | {
    "module": with_module("6.12"),
    "module-6.1": with_module("6.1"),
    "module-newest": with_module("newest"),
    # The kernel notices that blocks go while a device has them
    "control": with_module("6.12", "layout_lease_control",
                           tolerated="dax_disassociate_entry"),
    # lockdep and KASAN; stock kernels are preemptible, too, if asked
    "debug": Kernel("6.12", build=("--stock", "--debug"),
                    append="preempt=full", module="layout_lease", leases=True,
                    strict=True, memory="3G", slow=4),
    "layout": Kernel("6.12", leases=True, strict=True),
    "unsafe": Kernel("6.12", append="layout_lease_unsafe", leases=True,
                     strict=True),
}

# What the agent needs from a modular kernel, besides dependencies.
MODULES = """9pnet_virtio 9p overlay virtio_pci virtio_blk virtio_console
    crc32_generic crc32c_generic nfit nd_pmem dax_pmem device_dax ext4 xfs loop
    ib_uverbs rdma_ucm rdma_rxe dummy""".split()
# What it loads when a case asks for it: these measure how fast the CPU is,
# which takes long in an emulated one
LATER = ["btrfs", "f2fs"]


def image(name):
    """The kernel's image, and the directory of its package or of what
    kernel/build has made."""
    kernel = KERNELS[name]
    if kernel.package:
        root = packages.unpacked(kernel.package, kernel.suite)
        return packages.vmlinuz(root), root
    # An image of one's own, to try a patch without kernel/build
    ready = os.environ.get("PINSAFE_LAYOUT_IMAGE")
    if ready and not kernel.build:
        made = pathlib.Path(ready)
    else:
        build = subprocess.run([TREE / "kernel" / "build", *kernel.build],
                               check=True, stdout=subprocess.PIPE, text=True)
        made = pathlib.Path(build.stdout.split("\n")[-2])
    return made, made.parent


def module(name, root):
    """The module that this kernel's cases need; root as of image()"""
    kernel = KERNELS[name]
    return leases.module(kernel.module, pathlib.Path(root), kernel.suite)


def initramfs(out, root, agent, shares):
    """Write the initramfs: busybox, ./init, what it must mount and start, and
    the modules from root.  Uncompressed: the guest's CPU is the slow one."""
    with tempfile.TemporaryDirectory() as work:
        top = pathlib.Path(work)
        for directory in "bin proc sys dev modules".split():
            (top / directory).mkdir()
        shutil.copy("/bin/busybox", top / "bin")
        shutil.copy(pathlib.Path(__file__).parent / "init", top / "init")
        (top / "agent").write_text(f"{agent}\n")
        (top / "shares").write_text(
            "".join(f"{tag} {path}\n" for tag, path in shares))
        now = modules(root, MODULES)
        later = modules(root, LATER)
        copy_modules(now, top / "modules")
        copy_modules([m for m in later if m not in now],
                     top / "modules" / "later")
        names = subprocess.run(["find", "."], cwd=top, check=True,
                               stdout=subprocess.PIPE).stdout
        with open(out, "wb") as archive:
            subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=top,
                           input=names, stdout=archive, check=True)


def copy_modules(files, directory):
    directory.mkdir(exist_ok=True)
    for number, file in enumerate(files):
        code = file.read_bytes()
        if file.suffix == ".xz":
            code = lzma.decompress(code)
        elif file.suffix == ".zst":
            code = subprocess.run(["zstd", "-dcq", file], check=True,
                                  stdout=subprocess.PIPE).stdout
        # Nobody insists on the signature, but checking it takes time
        (directory / f"{number:03}.ko").write_bytes(unsigned(code))


def unsigned(module):
    """A module without the signature at its end, whose length stands before
    the magic string (struct module_signature)."""
    magic = b"~Module signature appended~\n"
    if not module.endswith(magic):
        return module
    end = len(module) - len(magic)
    return module[:end - 12 - int.from_bytes(module[end - 4:end], "big")]


def modules(root, names):
    """These and what they depend on, in loading order."""
    if not (root / "lib/modules").exists():
        return []           # all built in
    release = next((root / "lib/modules").iterdir()).name
    shown = ""
    for module in names:
        # A kernel may have any of them built in, or not know it.  -C: the
        # host's install rules are not meant for the guest.
        shown += subprocess.run(
            ["modprobe", "-C", "/dev/null", "-d", root, "-S", release,
             "--show-depends", module],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    files = re.findall(r"^insmod (\S+)", shown, re.M)
    return [pathlib.Path(file) for file in dict.fromkeys(files)]
