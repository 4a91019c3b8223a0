"""What a person installs holds everything that the program reads."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent


def test_the_wheel_holds_the_catalogue_and_the_demonstration_model(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("pricing", "profiles"):
        ours = {f"r1plan/_data/{p.relative_to(ROOT)}" for p in (ROOT / folder).rglob("*.yaml")}
        assert ours
        assert ours <= names
    assert "r1plan/tiny/r1-tiny-q8_0.gguf" in names
    assert any(name.endswith(".sql") for name in names)


def test_the_lock_pins_every_package_by_hash_and_names_no_index() -> None:
    text = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    entries = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]
    assert entries
    assert all("==" in line for line in entries)
    assert text.count("--hash=sha256:") >= len(entries)
    assert "://" not in text


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
    table = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    asked = {canonicalize_name(Requirement(line).name) for line in table["project"]["dependencies"]}
    assert asked - used == {"tzdata"}  # read by zoneinfo, where the system has no time zones
