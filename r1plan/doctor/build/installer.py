"""What installed the environment that r1plan runs in, and the words with which that installs an engine of its own.

An engine that was built once is in the installer's cache, for other cards or none; so each command goes round it.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import re
import sys
import sysconfig
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

PACKAGE = "llama-cpp-python"
_PROGRAM = "r1plan"
_EXTRA = "local"

InstallerKind = Literal["pip", "uv", "uv-tool", "pipx"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Installer:
    """`python` is the environment's own. `requirement` is the engine's, with the version that is meant.

    `program` is what the environment's owner calls it. `others` are the words of `uv tool install` for what was
    installed into it. `is_managed`: the system's own Python, into which pip installs only when it is told to.
    """

    kind: InstallerKind
    python: str
    requirement: str
    program: str = _PROGRAM
    others: tuple[str, ...] = (_PROGRAM,)
    is_managed: bool = False
    has_pip: bool = True

    def words(self, *, again: bool) -> tuple[str, ...]:
        """The command that builds and installs the engine; `again` where one is there already."""
        if self.kind == "pipx":
            fresh = f"--force-reinstall --no-cache-dir --no-binary {PACKAGE}"
            return ("pipx", "inject", "--force", f"--pip-args={fresh}", self.program, self.requirement)
        if self.kind == "uv-tool":
            fresh_uv = ("--no-cache", "--reinstall-package", PACKAGE, "--no-binary-package", PACKAGE)
            return ("uv", "tool", "install", *fresh_uv, "--with", self.requirement, *self.others)
        if self.kind == "uv":
            fresh_uv = ("--no-cache", "--reinstall-package", PACKAGE, "--no-binary", PACKAGE)
            return ("uv", "pip", "install", "--python", self.python, *fresh_uv, self.requirement)
        managed = ("--break-system-packages",) if self.is_managed else ()
        once_more = ("--force-reinstall", "--no-deps") if again else ()
        fresh_pip = (*once_more, "--no-cache-dir", "--no-binary", PACKAGE)
        return (self.python, "-m", "pip", "install", *managed, *fresh_pip, self.requirement)


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What an environment says of itself. `has_uv`: the program uv is on PATH."""

    python: str = sys.executable
    prefix: Path = field(default_factory=lambda: Path(sys.prefix))
    is_managed: bool = False
    has_pip: bool = True
    has_uv: bool = False


def this_environment(*, has_uv: bool) -> Environment:
    """The environment that runs this."""
    own = sys.prefix != sys.base_prefix
    return Environment(
        # PEP 668: a file beside the standard library says that the system keeps these packages.
        is_managed=not own and (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists(),
        has_pip=importlib.util.find_spec("pip") is not None,
        has_uv=has_uv,
    )


def installer(environment: Environment, requirement: str) -> Installer:
    """What installs into `environment`, by what the installer left there."""
    python, prefix = environment.python, environment.prefix
    if (prefix / "pipx_metadata.json").is_file():
        return Installer(kind="pipx", python=python, requirement=requirement, program=prefix.name)
    receipt = prefix / "uv-receipt.toml"
    if receipt.is_file() and (words := _tool_words(receipt)) is not None:
        return Installer(kind="uv-tool", python=python, requirement=requirement, others=words)
    if not environment.has_pip and (environment.has_uv or receipt.is_file()):
        return Installer(kind="uv", python=python, requirement=requirement)
    return Installer(
        kind="pip",
        python=python,
        requirement=requirement,
        is_managed=environment.is_managed,
        has_pip=environment.has_pip,
    )


def engine_requirement(checkout: Path) -> str:
    """The engine and its version, as r1plan's own metadata pins it, or the pyproject.toml of a `checkout`."""
    for each in (*_installed_requirements(), *_declared_requirements(checkout)):
        if found := re.match(rf"{PACKAGE}\s*(==[\w.]+)", each):
            return f"{PACKAGE}{found[1]}"
    return PACKAGE


def _installed_requirements() -> list[str]:
    try:
        return importlib.metadata.requires(_PROGRAM) or []
    except importlib.metadata.PackageNotFoundError:
        return []


def _declared_requirements(checkout: Path) -> list[str]:
    try:
        project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        return [str(each) for each in project["optional-dependencies"][_EXTRA]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _tool_words(receipt: Path) -> tuple[str, ...] | None:
    """What `uv tool install` is told for what a tool's receipt holds; None where that cannot be said in words."""
    try:
        held: list[dict[str, Any]] = tomllib.loads(receipt.read_text(encoding="utf-8"))["tool"]["requirements"]
        own = next(each for each in held if each["name"] == _PROGRAM)
        others = [_plain(each) for each in held if each is not own and each["name"] != PACKAGE]
    except (OSError, ValueError, KeyError, TypeError, StopIteration):
        return None
    kept = [word for each in others if each is not None for word in ("--with", each)]
    if None in others:
        return None
    for place, words in (("editable", ("--editable",)), ("directory", ())):
        if place in own and not own.keys() - {"name", place}:
            return (*kept, *words, str(own[place]))
    plain = _plain(own)
    return None if plain is None else (*kept, plain)


def _plain(requirement: dict[str, Any]) -> str | None:
    """A requirement that comes from an index, as one word."""
    if requirement.keys() - {"name", "extras", "specifier"}:
        return None
    extras = ",".join(requirement.get("extras", ()))
    return f"{requirement['name']}{f'[{extras}]' if extras else ''}{requirement.get('specifier', '')}"
