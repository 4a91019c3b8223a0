"""The stored copy of the catalogue is used while nothing changed, never instead of the truth, and it runs no code."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.catalog import assemble, cache
from r1plan.catalog.cache import cached
from r1plan.catalog.hardware import CpuMemory, Hardware
from r1plan.catalog.load import load_hardware, load_models, load_prices
from r1plan.catalog.model import Model
from r1plan.catalog.policy import Route
from r1plan.catalog.price import Holidays, PriceList
from r1plan.catalog.priors import Priors
from r1plan.catalog.provider import Dialect, Provider, WireDialect
from r1plan.catalog.quality import QuantTables
from r1plan.catalog.reading.files import CatalogFile, files_of
from r1plan.catalog.reading.validate import load_file
from r1plan.catalog.rentals import Rentals
from r1plan.catalog.served_scores import ServedScores
from tests.catalog.ours import DIALECTS

LATER_NS = 2**62  # by then every file has settled


@pytest.fixture
def file(tmp_path: Path) -> CatalogFile:
    path = tmp_path / "one.yaml"
    path.write_text("a: 1\n")
    return CatalogFile(path, "profiles/one.yaml")


@pytest.fixture
def copy(home: Path) -> Path:
    return home / "cache" / "catalog" / "memory.json"


def kept(file: CatalogFile, mt_s: int, now_ns: int | None = LATER_NS) -> int:
    """The `mt_s` that a load gives when building would give `mt_s`."""

    def build() -> CpuMemory:
        return CpuMemory(id="m", name="M", mt_s=mt_s, channels=1, bandwidth_gb_s=1, sources=("a",), confidence="low")

    return cached("memory", CpuMemory, (file,), build, now_ns).mt_s


def test_an_unchanged_file_is_read_once(file: CatalogFile) -> None:
    assert (kept(file, 1), kept(file, 2)) == (1, 1)


def test_a_changed_file_is_read_again(file: CatalogFile) -> None:
    kept(file, 1)
    file.path.write_text("a: 1 # longer\n")
    assert kept(file, 2) == 2


def test_a_file_that_came_or_went_is_noticed(file: CatalogFile, tmp_path: Path) -> None:
    other = CatalogFile(tmp_path / "two.yaml", "profiles/two.yaml")
    other.path.write_text("b: 1\n")
    assert cached("x", tuple[int, ...], (file, other), lambda: (1,), LATER_NS) == (1,)
    assert cached("x", tuple[int, ...], (file,), lambda: (2,), LATER_NS) == (2,)


def test_a_file_that_changed_just_now_is_not_trusted_to_stay(file: CatalogFile, copy: Path) -> None:
    assert kept(file, 1, now_ns=file.path.stat().st_mtime_ns) == 1
    assert not copy.exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-9],
        lambda text: text + b"\x80",
        lambda text: b"",
        lambda text: text.replace(b'"mt_s":1', b'"mt_s":"1"'),
        lambda text: text.replace(b'"mt_s":1', b'"mt_s":1e999999'),
        lambda text: text.replace(b'"mt_s":1', b'"mt_s":' + b"9" * 5_000),
        lambda text: text.replace(b'"M"', b'"\xff"'),
        lambda text: text[: text.index(b"\0") + 1] + b"[" * 100_000,
    ],
    ids=["short", "long", "empty", "type", "exponent", "digits", "no UTF-8", "deep"],
)
def test_a_damaged_copy_does_no_harm(file: CatalogFile, copy: Path, damage) -> None:  # type: ignore[no-untyped-def]
    kept(file, 1)
    before = copy.read_bytes()
    copy.write_bytes(damage(before))
    assert copy.read_bytes() != before
    assert kept(file, 2) == 2


@pytest.mark.parametrize("name", ["memory.json", "memory.pickle"])
def test_a_pickle_planted_in_the_cache_is_not_executed(
    file: CatalogFile, copy: Path, tmp_path: Path, name: str
) -> None:
    kept(file, 1)
    stamp = copy.read_bytes().split(b"\0")[0] + b"\0"
    witness = tmp_path / "made"
    payload = b"cos\nmkdir\n(V%b\ntR." % str(witness).encode()
    pickle.loads(payload)
    witness.rmdir()  # the payload does work where it is allowed to
    # What got past the old list of modules: a dotted name from one of our own.
    dotted = b"\x80\x04\x8c\x14r1plan.catalog.model\x8c\x1adataclass.__builtins__.get\x93\x8c\x04eval\x85R."
    assert pickle.loads(dotted) is eval
    for each in (payload, dotted):
        copy.unlink(missing_ok=True)
        copy.with_name(name).write_bytes(stamp + each)
        copy.with_name(name).chmod(0o600)
        assert kept(file, 2) == 2
        assert not witness.exists()


def test_nothing_of_ours_reads_a_pickle() -> None:
    for path in Path(cache.__file__).parents[1].rglob("*.py"):
        assert "pickle" not in path.read_text("utf-8"), path


def test_a_copy_and_its_folder_are_open_to_nobody_else_whatever_the_umask(file: CatalogFile, copy: Path) -> None:
    before = os.umask(0)
    try:
        kept(file, 1)
    finally:
        os.umask(before)
    modes = [each.stat().st_mode & 0o777 for each in (copy, copy.parent, copy.parent.parent)]
    assert modes == [0o600, 0o700, 0o700]


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666], ids=oct)
def test_a_copy_that_others_may_write_is_ignored_and_made_anew(file: CatalogFile, copy: Path, mode: int) -> None:
    kept(file, 1)
    copy.chmod(mode)
    assert (kept(file, 2), kept(file, 3)) == (2, 2)
    assert copy.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o777, 0o1777], ids=oct)
def test_a_copy_in_a_folder_that_others_may_write_is_ignored_and_the_folder_closed(
    file: CatalogFile, copy: Path, mode: int
) -> None:
    kept(file, 1)
    copy.parent.chmod(mode)
    assert (kept(file, 2), kept(file, 3)) == (2, 2)
    assert copy.parent.stat().st_mode & 0o777 == 0o700


def test_a_copy_or_a_folder_of_another_owner_is_ignored(
    file: CatalogFile, copy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept(file, 1)
    with monkeypatch.context() as patched:
        patched.setattr(os, "geteuid", lambda: os.getuid() + 1)  # who asks is somebody else
        assert (kept(file, 2), kept(file, 3)) == (2, 3)
    assert kept(file, 4) == 1


def test_a_link_in_the_place_of_a_copy_is_not_followed(file: CatalogFile, copy: Path, tmp_path: Path) -> None:
    kept(file, 1)
    elsewhere = copy.rename(tmp_path / "elsewhere.json")
    content = elsewhere.read_bytes()
    copy.symlink_to(elsewhere)
    assert (kept(file, 2), kept(file, 3)) == (2, 2)
    assert not copy.is_symlink()
    assert elsewhere.read_bytes() == content


def test_a_link_in_the_place_of_the_folder_is_not_followed(file: CatalogFile, copy: Path, tmp_path: Path) -> None:
    kept(file, 1)
    elsewhere = copy.parent.rename(tmp_path / "elsewhere")
    copy.parent.symlink_to(elsewhere)
    assert (kept(file, 2), kept(file, 3)) == (2, 3)
    assert [each.name for each in elsewhere.iterdir()] == [copy.name]


def test_a_pipe_in_the_place_of_a_copy_does_not_hang(file: CatalogFile, copy: Path) -> None:
    copy.parent.mkdir(parents=True, mode=0o700)
    os.mkfifo(copy, 0o600)
    assert (kept(file, 1), kept(file, 2)) == (1, 1)


def test_a_cache_that_cannot_be_written_does_no_harm(file: CatalogFile, home: Path) -> None:
    home.mkdir()
    (home / "cache").write_text("in the way")
    assert (kept(file, 1), kept(file, 2)) == (1, 2)


def test_a_full_disk_leaves_no_file_behind_and_says_nothing(
    file: CatalogFile, copy: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    program = (
        "import resource, sys; from pathlib import Path; from r1plan.catalog.cache import cached; "
        "from r1plan.catalog.reading.files import CatalogFile; "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (64, 64)); "
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN); "
        f"file = CatalogFile(Path({str(file.path)!r}), 'one'); "
        f"print(cached('memory', tuple[int, ...], (file,), lambda: (1, 2), {LATER_NS}))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("(1, 2)\n", "")
    assert list(copy.parent.iterdir()) == []


def test_a_value_that_json_cannot_hold_is_given_and_not_kept(file: CatalogFile, home: Path) -> None:
    assert cached("x", tuple[float, ...], (file,), lambda: (float("inf"),), LATER_NS) == (float("inf"),)
    assert cached("y", tuple[str, ...], (file,), lambda: ("\ud800",), LATER_NS) == ("\ud800",)
    assert not (home / "cache" / "catalog").exists()


def exactly(one: Any, other: Any) -> bool:
    """Whether both are equal, of the same types all the way down, and say their numbers alike."""
    if type(one) is not type(other):
        return False
    if is_dataclass(one):
        return all(exactly(getattr(one, each.name), getattr(other, each.name)) for each in fields(one))
    if isinstance(one, dict):
        return list(one) == list(other) and all(exactly(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(exactly, one, other))
    if isinstance(one, frozenset):
        return exactly(sorted(one), sorted(other))
    if isinstance(one, datetime | time):
        return bool(one == other) and one.utcoffset() == other.utcoffset()
    return bool(one == other) and repr(one) == repr(other)


def providers() -> dict[str, Provider]:
    """Ours, with requests that hold every kind of value that a file can hold."""
    read = assemble.providers(files_of("profiles", "providers"), DIALECTS)
    any_ = next(iter(read.values()))
    return {**read, "x": replace(any_, extra_request={"a": [1, 2.0, None, {"b": True, "c": -1e17}], "d": "é\u2028\0"})}


PARTS: dict[str, tuple[Any, Any]] = {
    "models": (dict[str, Model], lambda: assemble.models(files_of("profiles", "models"))),
    "hardware": (Hardware, lambda: assemble.hardware(files_of("profiles", "hardware"))),
    "dialects": (dict[WireDialect, Dialect], lambda: assemble.dialects(files_of("profiles", "dialects"))),
    "providers": (dict[str, Provider], providers),
    "routes": (dict[str, Route], lambda: assemble.routes(files_of("profiles", "routes"))),
    "prices": (dict[str, PriceList], lambda: assemble.prices(files_of("pricing"))),
    "holidays": (dict[str, Holidays], lambda: assemble.holidays(files_of("pricing", "calendars"))),
    "priors": (Priors, lambda: load_file(Priors, files_of("profiles", stem="forecast")[0])),
    "rentals": (Rentals, lambda: load_file(Rentals, files_of("profiles", stem="rentals")[0])),
    "served scores": (ServedScores, lambda: load_file(ServedScores, files_of("profiles", stem="served-scores")[0])),
    "quality": (QuantTables, lambda: load_file(QuantTables, files_of("profiles", stem="quant-quality")[0])),
}


@pytest.mark.parametrize("part", PARTS)
def test_the_copy_equals_what_was_read(part: str, file: CatalogFile) -> None:
    type_, build = PARTS[part]
    read = build()
    first = cached("all", type_, (file,), lambda: read, LATER_NS)
    copied = cached("all", type_, (file,), lambda: None, LATER_NS)
    assert copied is not first
    assert copied == read
    assert exactly(copied, first)  # the first reading and every later one print the same figures


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    amount: Decimal
    span: timedelta
    colour: Colour


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer:
    """Every type that a part of the catalogue may use, whether or not one does today."""

    whole: int
    number: float
    text: str
    flag: bool
    choice: Literal["a", "b"]
    instant: datetime
    day: date
    clock: time
    days: frozenset[date]
    inner: Inner
    perhaps: Inner | None
    row: tuple[Inner, ...]
    pair: tuple[int, str]
    table: Mapping[str, tuple[Decimal, ...]]


ZONES = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
AMOUNTS = st.decimals(allow_nan=False, allow_infinity=False)
INNER = st.builds(Inner, amount=AMOUNTS, span=st.timedeltas(), colour=st.sampled_from(Colour))
OUTER = st.builds(
    Outer,
    whole=st.integers(-(10**18), 10**18),
    number=st.floats(allow_nan=False, allow_infinity=False),
    text=st.text(st.characters(exclude_categories=["Cs"])),
    choice=st.sampled_from(["a", "b"]),
    instant=st.datetimes(timezones=ZONES),
    clock=st.times(),
    inner=INNER,
    perhaps=st.none() | INNER,
    row=st.lists(INNER, max_size=3).map(tuple),
    table=st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.lists(AMOUNTS, max_size=3).map(tuple), max_size=3
    ),
)


@given(OUTER)
def test_every_type_comes_back_as_it_went(value: Outer) -> None:
    assert exactly(msgspec.json.decode(msgspec.json.encode(value), type=Outer), value)


def test_a_copy_is_loaded_without_yaml_and_pydantic(file: CatalogFile) -> None:
    files = files_of("profiles", "hardware")
    cached("hardware", Hardware, files, lambda: assemble.hardware(files), LATER_NS)
    program = (
        "import sys; from r1plan.catalog.load import load_hardware; print(len(load_hardware().gpus)); "
        "print(*{'yaml', 'pydantic', 'annotated_types'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == f"{len(load_hardware().gpus)}\n\n"


def test_what_is_loaded_is_the_same_with_a_copy_and_without() -> None:
    without = (load_models(), load_prices())
    assert exactly((load_models(), load_prices()), without)
