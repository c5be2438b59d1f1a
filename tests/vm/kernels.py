# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
"""Which kernels the guests run, and how to get one: built by kernel/build, or
taken out of a Debian package without installing it.  A kernel is a row of
KERNELS."""

import lzma
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass

TREE = pathlib.Path(__file__).resolve().parents[2]
CACHE = pathlib.Path(os.environ.get("PINSAFE_CACHE",
                                    "~/.cache/pinsafe")).expanduser()


@dataclass
class Kernel:
    package: str = ""       # Debian package; empty: kernel/build
    append: str = ""        # for the kernel's command line
    strict: bool = False    # has every feature, so a skipped case is a failure


KERNELS = {
    "layout": Kernel(strict=True),
    "unsafe": Kernel(strict=True, append="layout_lease_unsafe"),
    "6.12": Kernel(package="linux-image-6.12-amd64"),
    "6.1": Kernel(package="linux-image-amd64"),
}

# What the agent needs from a modular kernel, besides dependencies.
MODULES = """9pnet_virtio 9p overlay virtio_pci virtio_console
    crc32_generic crc32c_generic nfit nd_pmem dax_pmem device_dax ext4 xfs loop
    ib_uverbs rdma_ucm rdma_rxe dummy""".split()


class Unavailable(Exception):
    pass


def say(text):
    print(f"guest: {text}", file=sys.stderr, flush=True)


def image(name):
    """The kernel's image, and the directory of its package or None."""
    kernel = KERNELS[name]
    if kernel.package:
        root = unpacked(kernel.package)
        return next(root.glob("boot/vmlinuz-*")), root
    # An image of one's own, to try a patch without kernel/build
    ready = os.environ.get("PINSAFE_LAYOUT_IMAGE")
    if ready:
        return pathlib.Path(ready), None
    build = subprocess.run([TREE / "kernel" / "build"], check=True,
                           stdout=subprocess.PIPE, text=True)
    return pathlib.Path(build.stdout.split("\n")[-2]), None


def unpacked(metapackage):
    """The newest package behind a metapackage, unpacked in the cache.  Where
    apt knows nothing of it (no lists, no network) the cached one will do."""
    depends = subprocess.run(["apt-cache", "depends", metapackage],
                             stdout=subprocess.PIPE, text=True).stdout
    found = re.search(r"Depends: (linux-image-\S+)", depends)
    name = CACHE / "kernel" / metapackage
    if not found:
        if name.exists():
            return name.resolve()
        raise Unavailable(f"apt knows no package {metapackage}")
    root = CACHE / "kernel" / found[1]
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent) as work:
            fetch(found[1], work)
            # By rename, so that an interrupted fetch leaves nothing half done
            os.rename(f"{work}/root", root)
    if name.is_symlink():
        name.unlink()
    name.symlink_to(root.name)
    return root


def fetch(package, work):
    say(f"fetching {package}")
    download = subprocess.run(
        ["apt-get", "-q", "-o", "APT::Sandbox::User=root", "download",
         package], cwd=work, stdout=sys.stderr)
    if download.returncode:
        raise Unavailable(f"cannot download {package}")
    deb = next(pathlib.Path(work).glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", deb, "root"], cwd=work, check=True)
    release = next(pathlib.Path(work, "root/lib/modules").iterdir()).name
    subprocess.run(["depmod", "-b", "root", release], cwd=work, check=True)


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
        for number, module in enumerate(modules(root) if root else []):
            code = module.read_bytes()
            if module.suffix == ".xz":
                code = lzma.decompress(code)
            # Nobody insists on the signature, but checking it takes time
            (top / "modules" / f"{number:03}.ko").write_bytes(unsigned(code))
        names = subprocess.run(["find", "."], cwd=top, check=True,
                               stdout=subprocess.PIPE).stdout
        with open(out, "wb") as archive:
            subprocess.run(["cpio", "--quiet", "-o", "-H", "newc"], cwd=top,
                           input=names, stdout=archive, check=True)


def unsigned(module):
    """A module without the signature at its end, whose length stands before
    the magic string (struct module_signature)."""
    magic = b"~Module signature appended~\n"
    if not module.endswith(magic):
        return module
    end = len(module) - len(magic)
    return module[:end - 12 - int.from_bytes(module[end - 4:end], "big")]


def modules(root):
    """MODULES and what they depend on, in loading order."""
    release = next((root / "lib/modules").iterdir()).name
    shown = ""
    for module in MODULES:
        # A kernel may have any of them built in, or not know it.  -C: the
        # host's install rules are not meant for the guest.
        shown += subprocess.run(
            ["modprobe", "-C", "/dev/null", "-d", root, "-S", release,
             "--show-depends", module],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    files = re.findall(r"^insmod (\S+)", shown, re.M)
    return [pathlib.Path(file) for file in dict.fromkeys(files)]
