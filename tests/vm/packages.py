# SPDX-License-Identifier: GPL-2.0 OR Linux-OpenIB
"""Kernels out of Debian packages, and what builds modules for them, unpacked in
the cache and never installed: from the machine's own apt sources, or from a
newer suite of the same archive.  That goes through an apt configuration of its
own in the cache, so nothing of the machine's is changed."""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

CACHE = pathlib.Path(os.environ.get("PINSAFE_CACHE",
                                    "~/.cache/pinsafe")).expanduser()
# Seconds for which the lists of a newer suite are good enough
FRESH = 24 * 3600


class Unavailable(Exception):
    pass


def say(text):
    print(f"guest: {text}", file=sys.stderr, flush=True)


class Apt:
    """apt's commands, for the machine's suite or another one"""

    def __init__(self, suite=""):
        self.suite = suite
        self.options = ["-o", "APT::Sandbox::User=root"]
        if suite:
            self.options += self.configuration(suite)

    def run(self, command, *args, **kwargs):
        return subprocess.run([command, "-q"] + self.options + list(args),
                              text=True, **kwargs)

    def configuration(self, suite):
        """Options that lead to the suite, and its lists; Unavailable"""
        top = CACHE / "apt" / suite
        for directory in "state/lists/partial", "cache/archives/partial":
            (top / directory).mkdir(parents=True, exist_ok=True)
        # The name's ending tells apt which of its two formats this is
        source = top / "newer.sources"
        source.write_text(newer(suite))
        (top / "apt.conf").write_text(f"""\
Dir::Etc::SourceList "{source}";
Dir::Etc::SourceParts "/dev/null";
Dir::Etc::Preferences "/dev/null";
Dir::Etc::PreferencesParts "/dev/null";
Dir::State "{top}/state";
Dir::State::Status "/dev/null";
Dir::Cache "{top}/cache";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
""")
        options = ["-c", str(top / "apt.conf")]
        stamp = top / "updated"
        if not stamp.exists() or \
                time.time() - stamp.stat().st_mtime > FRESH:
            say(f"reading the lists of {suite}")
            if subprocess.run(["apt-get", "-q", *self.options, *options,
                               "--error-on=any", "update"],
                              stdout=sys.stderr).returncode:
                say(f"cannot read the lists of {suite}")
            else:
                stamp.touch()
        return options


def newer(suite):
    """A source for the suite, in apt's deb822 format: the entry of this
    machine's Debian archive, with another suite."""
    targets = Apt().run(
        "apt-get", "indextargets", "--format",
        "$(CREATED_BY) $(ORIGIN) $(LABEL) $(COMPONENT)|$(SOURCESENTRY)",
        stdout=subprocess.PIPE).stdout
    found = re.search(r"^Packages Debian Debian main\|(.*):(\d+)$", targets,
                      re.M)
    if not found:
        raise Unavailable("apt knows no Debian archive")
    path, number = pathlib.Path(found[1]), int(found[2])
    text = path.read_text()
    if path.suffix == ".sources":
        # apt numbers what is between empty lines
        stanzas = [s for s in re.split(r"\n\s*\n", text) if s.strip()]
        fields = re.sub(r"^(#.*|(Suites|Components|Types|Enabled|Targets):"
                        r".*\n([ \t].*\n)*)", "",
                        stanzas[number - 1].strip() + "\n", flags=re.M)
    else:
        # deb [option=value ...] URI suite component ...
        entry = re.match(r"\s*deb(?:-src)?\s+(?:\[(.*?)\])?\s*(\S+)",
                         text.split("\n")[number - 1])
        signed = re.search(r"signed-by=(\S+)", entry[1] or "", re.I)
        fields = f"URIs: {entry[2]}\n"
        if signed:
            fields += f"Signed-By: {signed[1].replace(',', ' ')}\n"
    return re.sub(r"\n+", "\n", fields.strip()) + (
        f"\nTypes: deb\nSuites: {suite}\nComponents: main\n"
        "Targets: Packages\n")


def unpacked(metapackage, suite=""):
    """The newest package behind a metapackage, unpacked in the cache.  Where
    apt knows nothing of it (no lists, no network) the cached one will do."""
    name = CACHE / "kernel" / (metapackage + (f".{suite}" if suite else ""))
    try:
        root = newest(metapackage, Apt(suite))
    except Unavailable as reason:
        if not name.exists():
            raise
        say(f"{reason}; using the one in the cache")
        return name.resolve()
    if name.is_symlink():
        name.unlink()
    name.symlink_to(root.name)
    return root


def depends(apt, package):
    return re.findall(r"Depends: (\S+)", apt.run(
        "apt-cache", "depends", package, stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL).stdout)


def newest(metapackage, apt):
    package = next((p for p in depends(apt, metapackage)
                    if p.startswith("linux-image-")), None)
    if not package:
        raise Unavailable(f"apt knows no package {metapackage}")
    root = CACHE / "kernel" / package
    if not root.exists():
        root.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=root.parent) as work:
            fetch(apt, package, work)
            # By rename, so that an interrupted fetch leaves nothing half done
            os.rename(f"{work}/root", root)
    return root


def fetch(apt, package, work):
    say(f"fetching {package}")
    # Newer packages are in parts: linux-modules-VERSION and so on
    version = package.removeprefix("linux-image-")
    parts = [p for p in depends(apt, package) if p.endswith(f"-{version}")]
    if apt.run("apt-get", "download", package, *parts, cwd=work,
               stdout=sys.stderr).returncode:
        raise Unavailable(f"cannot download {package}")
    for deb in pathlib.Path(work).glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", deb, "root"], cwd=work, check=True)
    root = pathlib.Path(work, "root")
    # kmod of Debian 12 looks in lib only
    if not (root / "lib").exists():
        (root / "lib").symlink_to("usr/lib")
    release = next((root / "lib/modules").iterdir()).name
    subprocess.run(["depmod", "-b", "root", release], cwd=work, check=True)


def headers(image, suite=""):
    """What builds modules for an unpacked kernel, as a root directory: the
    headers package and its tools; for another suite all that it depends on,
    too, compiler and libraries, for there they are newer than this machine's.
    """
    version = image.name.removeprefix("linux-image-")
    root = image.parent / f"linux-headers-{version}"
    if not root.exists():
        with tempfile.TemporaryDirectory(dir=root.parent) as work:
            fetch_headers(Apt(suite), root, pathlib.Path(work))
            os.rename(f"{work}/root", root)
    return root


def fetch_headers(apt, root, work):
    package = root.name
    archives = work / "archives"
    (archives / "partial").mkdir(parents=True)
    top = work / "root"
    say(f"fetching {package}" + (
        " and a compiler (100 MB)" if apt.suite else ""))
    if apt.suite:
        done = apt.run("apt-get", "-q", "install", "--download-only", "--yes",
                       "--no-install-recommends", "-o",
                       f"Dir::Cache::Archives={archives}", package, "make",
                       "?essential", stdout=sys.stderr)
        for directory in "bin", "sbin", "lib", "lib64":
            (top / "usr" / directory).mkdir(parents=True)
            (top / directory).symlink_to(f"usr/{directory}")
    else:
        parts = [p for p in depends(apt, package)
                 if re.match("linux-(headers|kbuild)-", p)]
        done = apt.run("apt-get", "download", package, *parts, cwd=archives,
                       stdout=sys.stderr)
    if done.returncode:
        raise Unavailable(f"cannot download {package}")
    for deb in archives.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", deb, top], check=True)
    # What the packages leave to their scripts
    if apt.suite:
        (top / "usr/bin/awk").symlink_to("mawk")
    else:
        makefile = top / "usr/src" / package / "Makefile"
        makefile.write_text(re.sub("/usr/src/", f"{root}/usr/src/",
                                   makefile.read_text()))


def vmlinuz(root):
    return next(path for pattern in ("boot/vmlinuz-*", "lib/modules/*/vmlinuz")
                for path in root.glob(pattern))
