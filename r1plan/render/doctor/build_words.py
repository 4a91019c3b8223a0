"""A build in words: what is missing first, each with its command, then the build itself."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from r1plan.doctor.build.offer import BuildOffer
from r1plan.doctor.build.recipe import BuildBackend, MissingPiece, PieceName
from r1plan.doctor.engine import InstalledEngine
from r1plan.render.doctor.text import FindingText, StepText
from r1plan.render.text.units import card_name, count, duration

_PIECES: dict[PieceName, str] = {
    "compiler": "a C++ compiler",
    "command-line-tools": "Apple's command line tools",
    "visual-studio": "Microsoft's C++ build tools",
    "cuda": "the CUDA toolkit",
    "glslc": "glslc, which compiles Vulkan's shaders",
    "vulkan": "Vulkan's headers and loader",
    "spirv-headers": "SPIR-V's headers",
    "vulkan-driver": "the card's Vulkan driver",
    "pip": "pip in this environment",
}
_FOR: dict[BuildBackend, str] = {
    "CUDA": "for CUDA",
    "ROCm": "for ROCm",
    "Vulkan": "for Vulkan",
    "SYCL": "for SYCL",
    "Metal": "for Metal",
    "CPU": "for the processor",
}


def engine_text(finding: InstalledEngine) -> FindingText:
    """The engine, and the build that this machine could use."""
    build, offer = finding.build, finding.offer
    if build.state == "absent":
        said = "llama-cpp-python is not installed: providers answer, nothing on this machine."
    elif build.state == "fails":
        # SIGILL: an instruction that this processor does not have.
        why = ", for it was built for another processor" if build.fault == "it was ended by signal 4" else ""
        said = f"llama-cpp-python cannot be loaded: {build.fault}{why}."
    else:
        said = f"llama-cpp-python {build.version}, built for {_built_for(finding)}"
        if (card := finding.unused_card) is not None:
            said += f", which cannot use the {card_name(card.name)} here"
        elif (card := finding.other_architecture) is not None:
            said += f", which is made for newer cards than the {card_name(card.name)} here"
        elif finding.finds_no_card:
            said += f", which finds none of the cards here{_driver(finding)}"
        said += "."
    if offer is None or not finding.wants_build:
        return FindingText("engine", said)
    steps = tuple(build_steps(offer))
    if finding.library is None:
        return FindingText("engine", said, offer.command, steps)
    folder, name = finding.library
    export = f"export LD_LIBRARY_PATH={shlex.quote(folder)}"
    found = StepText(f"{name} is there, where programs do not look for it:", export)
    return FindingText("engine", said, export, (found, *steps))


def build_steps(offer: BuildOffer) -> Iterator[StepText]:
    """What is missing, the build, and what comes after it."""
    recipe = offer.recipe
    for piece in recipe.missing:
        yield StepText(_missing(piece), piece.command)
    first = "Then build it" if recipe.missing else "Build it"
    cores = count(offer.cores, "core")
    wait = f", about {duration(offer.minutes * 60)} on {cores}" if offer.minutes is not None else ""
    shell = " in PowerShell" if offer.is_powershell else ""
    yield StepText(f"{first} {_FOR[recipe.backend]}{shell}{wait}:", offer.command)
    for name, value in recipe.at_run.items():
        yield StepText("This card runs what is built for its family once r1plan is told so:", f"export {name}={value}")
    if recipe.before is not None:
        yield StepText("It needs this before each run too:", recipe.before)
    for card in recipe.left_out:
        yield StepText(f"The {card_name(card.name)} stays unused: this build is not for it.")


def _driver(finding: InstalledEngine) -> str:
    newest = finding.driver_cuda
    if newest is None or "CUDA" not in finding.build.backends:
        return ""
    return f"; their driver runs CUDA {newest[0]}.{newest[1]} at most"


def _built_for(finding: InstalledEngine) -> str:
    return ", ".join(finding.build.backends) or ("a graphics card" if finding.build.offloads else "the processor alone")


def _missing(piece: MissingPiece) -> str:
    said = _said(piece)
    if piece.command is not None:
        return f"{said}:"
    return f"{said}; {piece.page} has it." if piece.page else f"{said}."


def _said(piece: MissingPiece) -> str:
    found, needed = piece.found, piece.needed
    match piece.name:
        case "cuda":
            return f"First, the CUDA toolkit is missing, {needed}"
        case "cuda-other":
            return f"First, the CUDA toolkit here, {found}, does not serve this card and driver; {needed} does"
        case "cublas":
            return f"First, cuBLAS is missing beside CUDA {found}"
        case "cuda-host-compiler":
            older = f"none newer than GCC {needed}" if needed else "not this system's"
            return f"First, of compilers CUDA {found} takes {older}"
        case "cuda-c-library":
            return f"First, the headers of CUDA {found} contradict this system's C library, and a newer CUDA's do not"
        case "cuda-fails":
            return f"First, {found} does not compile: {needed}"
        case "driver":
            newer = f"driver {needed} or newer" if needed else "a newer driver"
            return f"First, the driver here runs CUDA {found} at most; this card needs {newer}"
        case "device-rights":
            return f"First, you may not open {found}; log in again after this"
        case "device-absent":
            return f"First, {found} is not passed to this container: start it with --device {found}"
        case _:
            parts = [_PIECES.get(each, each) for each in (piece.name, *piece.also)]
            joined = parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
            return (
                f"First, {joined} {'is' if len(parts) == 1 and piece.name != 'command-line-tools' else 'are'} missing"
            )
