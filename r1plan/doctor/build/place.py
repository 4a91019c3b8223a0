"""The system that a build runs on: which shell's words it takes, and how it installs packages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from r1plan.doctor.build.toolbox import Toolbox
from r1plan.files.system import user_id
from r1plan.hardware import kernel_files

PackageManager = Literal["apt", "dnf", "pacman", "zypper", "apk", "brew"]

# os-release(5): ID, then ID_LIKE, the nearest first.
_MANAGERS: dict[str, PackageManager] = {
    "debian": "apt",
    "ubuntu": "apt",
    "fedora": "dnf",
    "rhel": "dnf",
    "centos": "dnf",
    "amzn": "dnf",
    "arch": "pacman",
    "suse": "zypper",
    "opensuse": "zypper",
    "alpine": "apk",
}
# Their systems are images, which no package manager changes.
_IMAGES = frozenset({"silverblue", "kinoite", "sericea", "onyx", "coreos", "bluefin", "bazzite", "aurora", "steamos"})
_CONTAINER_FILES = ("/.dockerenv", "/run/.containerenv", "/run/.toolboxenv")


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlace:
    """`distribution` and `release` are os-release's, such as "ubuntu" and "24.04".

    `manager` None: packages are installed in a way that is not known here. `is_root`: sudo is not needed.
    """

    system: str
    distribution: str | None = None
    release: str | None = None
    manager: PackageManager | None = None
    is_container: bool = False
    is_wsl: bool = False
    is_root: bool = False

    @property
    def is_windows(self) -> bool:
        """Whether commands are PowerShell's."""
        return self.system == "win32"


def build_place(tools: Toolbox) -> BuildPlace:
    """The system that `tools` look at."""
    if tools.system != "linux":
        manager: PackageManager | None = "brew" if tools.system == "darwin" else None
        return BuildPlace(system=tools.system, manager=manager, is_root=user_id() == 0)
    said = _os_release(tools)
    names = [said.get("ID", ""), *said.get("ID_LIKE", "").split()]
    is_image = {said.get("ID", ""), said.get("VARIANT_ID", "")} & _IMAGES
    known = next((found for each in names if (found := _MANAGERS.get(each.partition("-")[0]))), None)
    return BuildPlace(
        system="linux",
        distribution=said.get("ID"),
        release=said.get("VERSION_ID"),
        manager=None if is_image else known,
        is_container=tools.has(*_CONTAINER_FILES) or "container" in tools.environ,
        is_wsl=tools.has("/dev/dxg") or "WSL_DISTRO_NAME" in tools.environ,
        is_root=user_id() == 0,
    )


def _os_release(tools: Toolbox) -> dict[str, str]:
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        if found := kernel_files.key_values(tools.at(path), "="):
            return {key: value.strip("\"'") for key, value in found.items()}
    return {}
