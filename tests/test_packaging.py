"""What a person installs holds everything that the program reads, and nothing that it doesn't need."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROGRAM = "requirements.lock"
TOOLS = "requirements-dev.lock"
LOCKS = [PROGRAM, TOOLS]


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def wanted(lock: str) -> list[Requirement]:
    """What pyproject.toml asks for that a lock is to pin."""
    table = project()
    lines = [*table["project"]["dependencies"], *table["project"]["optional-dependencies"]["local"]]
    lines += table["dependency-groups"]["build"]
    if lock == TOOLS:
        lines += [line for line in table["dependency-groups"]["dev"] if isinstance(line, str)]
    return [Requirement(line) for line in lines]


def entries(lock: str) -> dict[str, set[str]]:
    """Each pin of a lock, `name==version ; marker`, with its hashes."""
    lines = (ROOT / lock).read_text(encoding="utf-8").replace(" \\\n   ", "").splitlines()
    pins = [line.split(" --hash=") for line in lines if line and not line.lstrip().startswith("#")]
    return {pin: set(hashes) for pin, *hashes in pins}


def names(lock: str) -> set[str]:
    return {Requirement(pin).name for pin in entries(lock)}


def build(kind: str, folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (made,) = folder.iterdir()
    return made


def test_the_wheel_holds_the_catalogue_the_demonstration_model_and_the_page_and_no_picture(tmp_path: Path) -> None:
    held = set(zipfile.ZipFile(build("wheel", tmp_path)).namelist())
    for folder in ("pricing", "profiles"):
        ours = {f"r1plan/_data/{p.relative_to(ROOT)}" for p in (ROOT / folder).rglob("*.yaml")}
        assert ours
        assert ours <= held
    assert "r1plan/tiny/r1-tiny-q8_0.gguf" in held
    assert any(name.endswith(".sql") for name in held)
    assert {f"r1plan/render/page/{name}" for name in ("page.html.j2", "parts.html.j2", "page.css")} <= held
    assert not [name for name in held if name.endswith((".svg", ".png"))]
    assert any(name.endswith("/share/man/man1/r1plan.1") for name in held)


def test_the_source_distribution_holds_what_make_reads(tmp_path: Path) -> None:
    with tarfile.open(build("sdist", tmp_path)) as archive:
        held = {name.partition("/")[2] for name in archive.getnames()}
    locks = set(re.findall(r"[\w-]+\.lock\b", (ROOT / "Makefile").read_text(encoding="utf-8")))
    assert locks == set(LOCKS)
    assert {"Makefile", "pyproject.toml", *locks} <= held


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_every_package_by_hash_and_names_no_index(lock: str) -> None:
    text = (ROOT / lock).read_text(encoding="utf-8")
    pins = entries(lock)
    assert pins
    assert all("==" in pin.partition(";")[0] for pin in pins)
    assert all(pins.values())
    assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for hashes in pins.values() for value in hashes)
    assert "://" not in text
    assert "index-url" not in text


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_pins_all_that_the_project_asks_for_within_its_bounds(lock: str) -> None:
    pinned = {Requirement(pin).name: Requirement(pin) for pin in entries(lock)}
    for asked in wanted(lock):
        held = pinned[canonicalize_name(asked.name)]
        (version,) = (pin.version for pin in held.specifier)
        # What newer Pythons have themselves is asked for older ones alone.
        assert (held.marker is None) == (asked.marker is None), asked
        assert asked.specifier.contains(version), (str(asked), version)


def test_the_lock_of_the_program_holds_no_development_tool() -> None:
    tools = {str(canonicalize_name(asked.name)) for asked in wanted(TOOLS)}
    tools -= {canonicalize_name(asked.name) for asked in wanted(PROGRAM)}
    assert {"hypothesis", "mypy", "pytest", "ruff"} <= tools
    # What the tools bring along: coverage's and the server's own packages among them.
    tools |= {"coverage", "execnet", "fastapi", "starlette", "uvicorn"}
    assert tools <= names(TOOLS)
    assert not tools & names(PROGRAM)


def test_the_tools_come_on_top_of_the_program_and_replace_nothing_of_it() -> None:
    program, tools = entries(PROGRAM), entries(TOOLS)
    assert {pin: tools.get(pin) for pin in program} == program
    assert names(PROGRAM) < names(TOOLS)
    added = {Requirement(pin).name for pin in tools.keys() - program.keys()}
    assert not added & names(PROGRAM)


def test_the_program_imports_every_library_that_it_asks_for() -> None:
    imported = set()
    for path in (ROOT / "r1plan").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    offers = packages_distributions()
    used = {canonicalize_name(name) for module in imported for name in offers.get(module, ())}
    asked = {canonicalize_name(Requirement(line).name) for line in project()["project"]["dependencies"]}
    assert asked - used == {"tzdata"}  # read by zoneinfo, where the system has no time zones


needs_make = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with what make reads and an empty .venv; nothing of a make that runs these tests."""
    for name in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "CMAKE_ARGS"):
        monkeypatch.delenv(name, raising=False)
    for name in ("Makefile", "pyproject.toml", *LOCKS):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv").mkdir()
    return tmp_path


def make(folder: Path, *words: str) -> str:
    return subprocess.run(["make", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


@needs_make
@pytest.mark.parametrize(
    ("target", "installed"), [("demo", [PROGRAM]), ("lint", LOCKS), ("test", LOCKS), ("bench", LOCKS)]
)
def test_make_installs_the_tools_only_where_they_are_used(clone: Path, target: str, installed: list[str]) -> None:
    steps = make(clone, "--dry-run", "PYTHON=python3", target)
    assert re.findall(r"--require-hashes -r (\S+)", steps) == installed


@needs_make
def test_make_demo_has_nothing_to_install_after_the_tools(clone: Path) -> None:
    make(clone, "PYTHON=true", "PIP=true", ".venv/.tools")
    assert make(clone, "--dry-run", "demo").split() == [".venv/bin/r1plan", "demo"]


@needs_make
@pytest.mark.parametrize("own", ["", "-DGGML_CUDA=on"])
def test_llama_cpp_is_compiled_without_what_is_never_loaded_and_with_the_users_own_arguments(
    clone: Path, monkeypatch: pytest.MonkeyPatch, own: str
) -> None:
    monkeypatch.setenv("CMAKE_ARGS", own)
    said = make(clone, "PYTHON=true", "PIP=env #", ".venv/.ready").splitlines()
    lean = clone / ".venv" / "lean.cmake"
    ours = f"CMAKE_ARGS=-DLLAVA_BUILD=OFF -DCMAKE_PROJECT_llama.cpp_INCLUDE='{lean}'"
    assert next(line for line in said if line.startswith("CMAKE_ARGS=")).split() == [*ours.split(), *own.split()]
    assert "SKBUILD_WHEEL_EXCLUDE=/lib/;/include/" in said
    assert lean.read_text() == "set(LLAMA_BUILD_COMMON OFF)\n"
