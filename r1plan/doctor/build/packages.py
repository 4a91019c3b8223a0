"""What the systems' package managers call the pieces of a build, and the command that installs them."""

from __future__ import annotations

from collections.abc import Mapping

from r1plan.doctor.build.place import BuildPlace, PackageManager
from r1plan.doctor.build.recipe import PieceName
from r1plan.doctor.build.toolbox import Toolbox

_INSTALL: Mapping[PackageManager, str] = {
    "apt": "apt install",
    "dnf": "dnf install",
    "pacman": "pacman -S",
    "zypper": "zypper install",
    "apk": "apk add",
    "brew": "brew install",
}
_NAMES: Mapping[PieceName, Mapping[PackageManager, str]] = {
    "compiler": {
        "apt": "build-essential",
        "dnf": "gcc-c++",
        "pacman": "base-devel",
        "zypper": "gcc-c++",
        "apk": "build-base linux-headers",
    },
    "glslc": {"apt": "glslc", "dnf": "glslc", "pacman": "shaderc", "zypper": "shaderc", "apk": "shaderc"},
    "vulkan": {
        "apt": "libvulkan-dev",
        "dnf": "vulkan-headers vulkan-loader-devel",
        "pacman": "vulkan-headers vulkan-icd-loader",
        "zypper": "vulkan-devel",
        "apk": "vulkan-headers vulkan-loader-dev",
    },
    # llama.cpp's docs/build.md.
    "spirv-headers": {
        "apt": "spirv-headers",
        "dnf": "spirv-headers-devel",
        "pacman": "spirv-headers",
        "zypper": "spirv-headers-devel",
        "apk": "spirv-headers",
    },
    "vulkan-driver": {"apt": "mesa-vulkan-drivers", "dnf": "mesa-vulkan-drivers"},
    "pip": {"apt": "python3-pip", "dnf": "python3-pip", "pacman": "python-pip", "zypper": "python3-pip"},
}
# What nvidia-cuda-toolkit is in each release; none is given where the distribution has no such package.
_DISTRIBUTION_CUDA: Mapping[tuple[str, str], tuple[int, int]] = {
    ("ubuntu", "22.04"): (11, 5),
    ("ubuntu", "24.04"): (12, 0),
    ("debian", "12"): (11, 8),
    ("debian", "13"): (12, 4),
}
_NVIDIA_SOURCES: Mapping[PackageManager, str] = {
    "apt": "/etc/apt/sources.list.d/*cuda*",
    "dnf": "/etc/yum.repos.d/*cuda*",
    "zypper": "/etc/zypp/repos.d/*cuda*",
}
_VULKAN: frozenset[PieceName] = frozenset({"glslc", "vulkan", "spirv-headers"})
_JETSON = "/etc/nv_tegra_release"


def install_command(place: BuildPlace, *pieces: PieceName) -> str | None:
    """The command that installs pieces; None where the system is not known, or has not all of them."""
    if place.is_windows and set(pieces) <= _VULKAN:
        return "winget install --id KhronosGroup.VulkanSDK"
    names = [_NAMES.get(each, {}).get(place.manager) if place.manager else None for each in pieces]
    known = [each for each in names if each is not None]
    return _installing(place, " ".join(known)) if known and len(known) == len(names) else None


def host_compiler_command(place: BuildPlace, newest: int) -> str | None:
    """The command that installs the newest GCC that a CUDA toolkit takes."""
    if place.manager == "apt":
        return _installing(place, f"g++-{newest}")
    if place.manager == "zypper":
        return _installing(place, f"gcc{newest}-c++")
    return _installing(place, f"gcc{newest}") if place.manager == "pacman" else None


def cuda_command(
    place: BuildPlace, tools: Toolbox, first: tuple[int, int], last: tuple[int, int] | None, most_major: int | None
) -> str | None:
    """The command that installs a CUDA toolkit from `first` to `last`, and of no higher major version than that.

    None where no package of this system is known to be one. On WSL it must not bring a driver along, and does not.
    """
    if place.is_windows:
        return "winget install --id Nvidia.CUDA"
    if place.manager is None:
        return None
    if tools.has(_JETSON):
        return _installing(place, "nvidia-jetpack")
    majors = [13, 12] if most_major is None else [each for each in (13, 12) if each <= most_major]
    major = next((each for each in majors if first <= (each, 99) and (last is None or each <= last[0])), None)
    if major is not None and _has_nvidia_source(place, tools):
        return _installing(place, f"cuda-toolkit-{major}")
    if place.manager == "pacman" and major == 13:
        return _installing(place, "cuda")
    packaged = _DISTRIBUTION_CUDA.get((place.distribution or "", place.release or ""))
    if packaged is None or not first <= packaged or (last is not None and packaged > last):
        return None
    return None if most_major is not None and packaged[0] > most_major else _installing(place, "nvidia-cuda-toolkit")


def cublas_command(place: BuildPlace, tools: Toolbox, version: tuple[int, int]) -> str | None:
    """The command that adds cuBLAS to a CUDA toolkit of NVIDIA's own packages."""
    if not _has_nvidia_source(place, tools):
        return None
    dev = "dev" if place.manager == "apt" else "devel"
    return _installing(place, f"libcublas-{dev}-{version[0]}-{version[1]}")


def _has_nvidia_source(place: BuildPlace, tools: Toolbox) -> bool:
    """Whether NVIDIA's own packages are known to this system."""
    source = _NVIDIA_SOURCES.get(place.manager) if place.manager else None
    return source is not None and tools.has(source)


def _installing(place: BuildPlace, names: str) -> str:
    first = "" if place.is_root or place.manager == "brew" else "sudo "
    return f"{first}{_INSTALL[place.manager]} {names}" if place.manager else names
