"""The build for NVIDIA's cards, by their compute capability, the toolkits that are here, and the driver."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from r1plan.doctor.build.cuda_toolkits import CudaToolkit, Trial, older_host_compilers, toolkits, trial
from r1plan.doctor.build.packages import cublas_command, cuda_command, host_compiler_command, install_command
from r1plan.doctor.build.place import BuildPlace
from r1plan.doctor.build.recipe import CPU_MINUTES, CUDA_MINUTES_PER_ARCHITECTURE, MissingPiece, Recipe
from r1plan.doctor.build.toolbox import Toolbox
from r1plan.hardware.machine import GpuDevice

# ggml-cuda/CMakeLists.txt names no lower one; such a card has Vulkan.
LEAST_CAPABILITY = 50
# The toolkit that first compiled for each, from CUDA's release notes; 13.0 dropped what is below 7.5.
_FIRST: Mapping[int, tuple[int, int]] = {
    **dict.fromkeys((50, 52, 53, 60, 61, 62, 70, 72, 75), (11, 0)),
    80: (11, 0),
    86: (11, 1),
    87: (11, 4),
    **dict.fromkeys((89, 90), (11, 8)),
    **dict.fromkeys((100, 120), (12, 8)),
    **dict.fromkeys((103, 121), (12, 9)),
    **dict.fromkeys((88, 110), (13, 0)),
}
_FIRST_WITHOUT_OLD, _LAST_WITH_OLD, _OLD = (13, 0), (12, 9), 75
# What each major version of CUDA runs on at least (CUDA release notes, "minor version compatibility").
_LEAST_DRIVER: Mapping[int, str] = {12: "525", 13: "580"}
_DOWNLOADS = "https://developer.nvidia.com/cuda-downloads"
_ARCHIVE = "https://developer.nvidia.com/cuda-toolkit-archive"


def capability(card: GpuDevice) -> int | None:
    """Its compute capability as the compiler writes it, 89 for "8.9"."""
    major, _, minor = (card.compute_capability or "").partition(".")
    return int(major) * 10 + int(minor) if major.isdigit() and minor.isdigit() else None


def cuda_recipe(
    cards: Sequence[GpuDevice], tools: Toolbox, place: BuildPlace, driver_cuda: tuple[int, int] | None
) -> Recipe:
    """The build for `cards`. `driver_cuda` is the CUDA that their driver runs at most, None where it does not say."""
    wanted = sorted({found for each in cards if (found := capability(each)) and found >= LEAST_CAPABILITY})
    most_major = driver_cuda[0] if driver_cuda else None
    known = toolkits(tools)
    usable = [each for each in known if most_major is None or each.version[0] <= most_major]
    toolkit = max(usable, key=lambda each: len(_compiled(each, wanted)), default=None)
    codes = wanted if toolkit is None else (_compiled(toolkit, wanted) or wanted)
    environment: dict[str, str] = {}
    if toolkit is not None and _compiled(toolkit, wanted) == wanted:
        missing = _tried(toolkit, codes, tools, place, environment) if wanted else ()
    else:
        missing = _no_toolkit(toolkit, known, wanted, tools, place, driver_cuda)
    if toolkit is not None and not toolkit.is_on_path and not place.is_windows:
        environment = {"CUDACXX": toolkit.nvcc, "CUDAToolkit_ROOT": toolkit.root, **environment}
    architectures = (f"-DCMAKE_CUDA_ARCHITECTURES={';'.join(map(str, codes))}",) if codes else ()
    return Recipe(
        backend="CUDA",
        flags=("-DGGML_CUDA=on", *architectures),
        environment=environment,
        missing=missing,
        left_out=tuple(each for each in cards if (found := capability(each)) is not None and found not in codes),
        processor_minutes=CPU_MINUTES + CUDA_MINUTES_PER_ARCHITECTURE * max(1, len(codes)),
    )


def _compiled(toolkit: CudaToolkit, wanted: Sequence[int]) -> list[int]:
    """Which of the capabilities a toolkit compiles for."""
    if toolkit.codes:
        return [each for each in wanted if each in toolkit.codes]
    first, last = toolkit.version, toolkit.version
    return [
        each for each in wanted if each in _FIRST and _FIRST[each] <= first and (each >= _OLD or last <= _LAST_WITH_OLD)
    ]


def _no_toolkit(
    toolkit: CudaToolkit | None,
    known: Sequence[CudaToolkit],
    wanted: Sequence[int],
    tools: Toolbox,
    place: BuildPlace,
    driver_cuda: tuple[int, int] | None,
) -> tuple[MissingPiece, ...]:
    """What to say where no toolkit that is here serves every card."""
    first = max((_FIRST.get(each, (13, 0)) for each in wanted), default=(11, 0))
    last = _LAST_WITH_OLD if any(each < _OLD for each in wanted) else None
    most_major = driver_cuda[0] if driver_cuda else None
    page = (
        _ARCHIVE if last is not None or (most_major is not None and most_major < _FIRST_WITHOUT_OLD[0]) else _DOWNLOADS
    )
    if most_major is not None and first[0] > most_major:
        needed = _LEAST_DRIVER.get(first[0])
        return (MissingPiece(name="driver", found=_version(driver_cuda), needed=needed),)
    if last is not None and first > last:  # cards so far apart that no toolkit knows both: the newer ones decide
        last = None
    command = cuda_command(place, tools, first, last, most_major)
    needed = _range(first, last, most_major)
    if toolkit is None and not known:
        return (MissingPiece(name="cuda", needed=needed, command=command, page=page),)
    here = ", ".join(_version(each.version) for each in known)
    return (MissingPiece(name="cuda-other", found=here, needed=needed, command=command, page=page),)


def _tried(
    toolkit: CudaToolkit, codes: Sequence[int], tools: Toolbox, place: BuildPlace, environment: dict[str, str]
) -> tuple[MissingPiece, ...]:
    """What a trial finds in the way; a host compiler that works goes into `environment`."""
    if place.is_windows:  # nvcc finds Microsoft's compiler only within a build
        return ()
    chosen = tools.environ.get("CUDAHOSTCXX")
    found = trial(tools, toolkit, codes[-1], chosen)
    if found.outcome == "host-compiler" and found.newest_gcc is not None:
        for other in older_host_compilers(tools, found.newest_gcc):
            again = trial(tools, toolkit, codes[-1], other)
            if again.outcome != "host-compiler":
                environment["CUDAHOSTCXX"] = other
                found = again
                break
    return _in_the_way(found, toolkit, tools, place)


def _in_the_way(found: Trial, toolkit: CudaToolkit, tools: Toolbox, place: BuildPlace) -> tuple[MissingPiece, ...]:
    here = _version(toolkit.version)
    match found.outcome:
        case "compiles" | "untried":
            return ()
        case "compiler":
            return (MissingPiece(name="compiler", command=install_command(place, "compiler")),)
        case "host-compiler":
            newest = found.newest_gcc
            command = host_compiler_command(place, newest) if newest is not None else None
            needed = str(newest) if newest is not None else None
            return (MissingPiece(name="cuda-host-compiler", found=here, needed=needed, command=command),)
        case "c-library":
            return (MissingPiece(name="cuda-c-library", found=here, page=_DOWNLOADS),)
        case "cublas":
            command = cublas_command(place, tools, toolkit.version)
            return (MissingPiece(name="cublas", found=here, command=command, page=_DOWNLOADS),)
        case "fails":
            return (MissingPiece(name="cuda-fails", found=f"{toolkit.nvcc} {here}", needed=found.said),)


def _version(version: tuple[int, int] | None) -> str:
    return "" if version is None else f"{version[0]}.{version[1]}"


def _range(first: tuple[int, int], last: tuple[int, int] | None, most_major: int | None) -> str:
    """The versions that serve, as "12.8 or newer", "11.1 to 12.9"."""
    if last is None and most_major is not None and most_major < _FIRST_WITHOUT_OLD[0]:
        last = (most_major, 9)
    return f"{_version(first)} or newer" if last is None else f"{_version(first)} to {_version(last)}"
