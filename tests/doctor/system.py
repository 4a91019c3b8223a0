"""Systems to look at: a tree of files, and programs that are scripts of sh and answer as the real ones do."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from r1plan.doctor.build.toolbox import Ran, Toolbox
from r1plan.hardware.machine import GpuDevice, Vendor
from r1plan.units import GIB

UBUNTU = 'ID=ubuntu\nID_LIKE=debian\nVERSION_ID="24.04"\n'
DEBIAN = 'ID=debian\nVERSION_ID="12"\n'
FEDORA = "ID=fedora\nVERSION_ID=43\n"
ARCH = "ID=arch\n"
SUSE = 'ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n'


def card(vendor: Vendor, name: str = "a card", capability: str | None = None, gfx: str | None = None) -> GpuDevice:
    return GpuDevice(
        index=0,
        vendor=vendor,
        name=name,
        profile=None,
        total_bytes=GIB,
        free_bytes=GIB,
        bandwidth_gb_s=None,
        compute_capability=capability,
        gfx=gfx,
    )


@dataclass
class FakeSystem:
    """`folder` holds the tree and its programs. Commands of it are given with the tree's place taken out."""

    folder: Path
    environ: dict[str, str] = field(default_factory=dict)
    system: str = "linux"
    answers: Mapping[str, Ran] = field(default_factory=dict)

    @property
    def tools(self) -> Toolbox:
        environ = {"PATH": str(self.folder / "usr/bin"), **self.environ}
        if self.system == "linux":
            return Toolbox(system="linux", root=self.folder, environ=environ)
        return Toolbox(
            system=self.system, root=self.folder, environ=environ, run=lambda words: self.answers.get(" ".join(words))
        )

    def file(self, path: str, text: str = "") -> FakeSystem:
        target = self.folder / path.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return self

    def program(self, path: str, script: str = "") -> FakeSystem:
        self.file(path, f"#!/bin/sh\n{script}\n")
        (self.folder / path.lstrip("/")).chmod(0o755)
        return self

    def nvcc(
        self, version: str, codes: str, at: str = "/usr/bin/nvcc", root: str = "", trial: str = "exit 0"
    ) -> FakeSystem:
        """A CUDA compiler that knows `codes`, and does `trial` where it is to compile."""
        where = Path(at).parent.parent
        listed = "\n".join(f"sm_{each}" for each in codes.split())
        return self.program(
            at,
            f"""case "$*" in
*--version*) echo "Cuda compilation tools, release {version}, V{version}.88" ;;
*--list-gpu-code*) echo "{listed}" ;;
*--dryrun*) echo '#$ _SPACE_= '; echo '#$ TOP={self.folder}{where}' ;;
*) {trial} ;;
esac""",
        )

    def plain(self, text: str) -> str:
        """`text` without the place where the tree lies."""
        return text.replace(str(self.folder), "")


def linux(
    folder: Path, release: str = UBUNTU, *, compiler: bool = True, environ: dict[str, str] | None = None
) -> FakeSystem:
    system = FakeSystem(folder, environ or {}).file("/etc/os-release", release)
    (folder / "usr/bin").mkdir(parents=True, exist_ok=True)
    return system.program("/usr/bin/g++") if compiler else system


SUDO = "" if os.geteuid() == 0 else "sudo "
