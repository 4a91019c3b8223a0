"""The stored copy of the catalogue is used while nothing changed, and never instead of the truth."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from r1plan.catalog import assemble
from r1plan.catalog.cache import cached
from r1plan.catalog.hardware import CpuMemory
from r1plan.catalog.reading.files import CatalogFile, files_of
from tests.catalog.ours import DIALECTS

LATER_NS = 2**62  # by then every file has settled


@pytest.fixture
def file(tmp_path: Path) -> CatalogFile:
    path = tmp_path / "one.yaml"
    path.write_text("a: 1\n")
    return CatalogFile(path, "profiles/one.yaml")


@pytest.fixture
def copy(home: Path) -> Path:
    return home / "cache" / "catalog" / "memory.pickle"


def kept(file: CatalogFile, mt_s: int, now_ns: int | None = LATER_NS) -> int:
    """The `mt_s` that a load gives when building would give `mt_s`."""

    def build() -> CpuMemory:
        return CpuMemory(id="m", name="M", mt_s=mt_s, channels=1, bandwidth_gb_s=1, sources=("a",), confidence="low")

    return cached("memory", (file,), build, now_ns).mt_s


def test_an_unchanged_file_is_read_once(file: CatalogFile) -> None:
    assert (kept(file, 1), kept(file, 2)) == (1, 1)


def test_a_changed_file_is_read_again(file: CatalogFile) -> None:
    kept(file, 1)
    file.path.write_text("a: 1 # longer\n")
    assert kept(file, 2) == 2


def test_a_file_that_came_or_went_is_noticed(file: CatalogFile, tmp_path: Path) -> None:
    other = CatalogFile(tmp_path / "two.yaml", "profiles/two.yaml")
    other.path.write_text("b: 1\n")
    assert cached("x", (file, other), lambda: (1,), LATER_NS) == (1,)
    assert cached("x", (file,), lambda: (2,), LATER_NS) == (2,)


def test_a_file_that_changed_just_now_is_not_trusted_to_stay(file: CatalogFile, copy: Path) -> None:
    assert kept(file, 1, now_ns=file.path.stat().st_mtime_ns) == 1
    assert not copy.exists()


@pytest.mark.parametrize(
    "damage", [lambda text: text[:-9], lambda text: text + b"\x80", lambda text: b""], ids=range(3)
)
def test_a_damaged_copy_does_no_harm(file: CatalogFile, copy: Path, damage) -> None:  # type: ignore[no-untyped-def]
    kept(file, 1)
    copy.write_bytes(damage(copy.read_bytes()))
    assert kept(file, 1) == 1


def test_a_copy_cannot_run_code(file: CatalogFile, copy: Path, tmp_path: Path) -> None:
    kept(file, 1)
    stamp = copy.read_bytes().split(b"\0")[0] + b"\0"
    witness = tmp_path / "made"
    copy.write_bytes(stamp + b"cos\nmkdir\n(V%b\ntR." % str(witness).encode())
    pickle.loads(copy.read_bytes()[len(stamp) :])
    witness.rmdir()  # the payload does work where it is allowed to
    assert kept(file, 2) == 2
    assert not witness.exists()


def test_a_cache_that_cannot_be_written_does_no_harm(file: CatalogFile, home: Path) -> None:
    home.mkdir()
    (home / "cache").write_text("in the way")
    assert (kept(file, 1), kept(file, 2)) == (1, 2)


@pytest.mark.parametrize(
    ("kind", "folder", "build"),
    [
        ("profiles", "models", assemble.models),
        ("profiles", "hardware", assemble.hardware),
        ("profiles", "dialects", assemble.dialects),
        ("profiles", "providers", lambda files: assemble.providers(files, DIALECTS)),
        ("profiles", "routes", assemble.routes),
        ("pricing", "", assemble.prices),
        ("pricing", "calendars", assemble.holidays),
    ],
)
def test_the_copy_equals_what_was_read(kind: str, folder: str, build) -> None:  # type: ignore[no-untyped-def]
    files = files_of(kind, folder)
    read = cached("all", files, lambda: build(files), LATER_NS)
    copied = cached("all", files, lambda: None, LATER_NS)
    assert copied is not read
    assert copied == read


def test_a_copy_is_loaded_without_yaml_and_pydantic() -> None:
    files = files_of("profiles", "hardware")
    cached("hardware", files, lambda: assemble.hardware(files), LATER_NS)
    program = (
        "import sys; from r1plan.catalog.load import load_hardware; print(len(load_hardware().gpus)); "
        "print(*{'yaml', 'pydantic', 'annotated_types'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "127\n\n"
