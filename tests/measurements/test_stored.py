"""Measurements on the disk: read back equal, the newest in place of the older, and damaged files named."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from r1plan.measurements.stored import key_of, store, stored
from tests.measurements.example import CARD, EXAMPLE


def test_what_was_stored_is_read_back_equal(tmp_path: Path) -> None:
    path = store(tmp_path / "measurements", EXAMPLE)
    assert stored(path.parent).found == (EXAMPLE,)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    assert stored(tmp_path / "measurements").found == ()


def test_a_later_one_takes_the_place_of_the_same_file_and_settings(tmp_path: Path) -> None:
    later = replace(EXAMPLE, measured_at=EXAMPLE.measured_at + timedelta(days=1), load_s=3.0)
    store(tmp_path, EXAMPLE)
    store(tmp_path, later)
    assert stored(tmp_path).found == (later,)


_OTHER_DRIVER = replace(EXAMPLE.machine, cards=(replace(CARD, driver="590.1", power_limit_w=300.0),))


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        pytest.param(replace(EXAMPLE, machine=_OTHER_DRIVER), True, id="driver and power limit"),
        pytest.param(replace(EXAMPLE, machine=replace(EXAMPLE.machine, cards=())), False, id="card hidden"),
        pytest.param(replace(EXAMPLE, machine=replace(EXAMPLE.machine, cards=(CARD, CARD))), False, id="second card"),
        pytest.param(replace(EXAMPLE, settings=replace(EXAMPLE.settings, kv_type="q8_0")), False, id="cache type"),
        pytest.param(replace(EXAMPLE, settings=replace(EXAMPLE.settings, threads=8)), False, id="threads"),
        pytest.param(replace(EXAMPLE, file=replace(EXAMPLE.file, digest="cd" * 32)), False, id="file"),
        pytest.param(replace(EXAMPLE, file=replace(EXAMPLE.file, name="renamed.gguf")), True, id="file's name"),
        pytest.param(replace(EXAMPLE, engine=replace(EXAMPLE.engine, version="0.3.40")), True, id="engine's version"),
        pytest.param(replace(EXAMPLE, engine=replace(EXAMPLE.engine, backends=("CPU",))), False, id="backend"),
    ],
)
def test_the_key_is_of_machine_file_settings_and_backends(other: Any, is_same: bool) -> None:
    assert (key_of(other) == key_of(EXAMPLE)) is is_same


def test_the_newest_stand_first(tmp_path: Path) -> None:
    for days, digest in ((1, "aa"), (3, "bb"), (2, "cc")):
        at = EXAMPLE.measured_at + timedelta(days=days)
        store(tmp_path, replace(EXAMPLE, measured_at=at, file=replace(EXAMPLE.file, digest=digest)))
    assert [each.file.digest for each in stored(tmp_path).found] == ["bb", "cc", "aa"]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(("schema",), "r1plan.measurement/2", id="schema"),
        pytest.param(("load_s",), "fast", id="text for a number"),
        pytest.param(("load_s",), -1, id="negative"),
        pytest.param(("measured_at",), "2026-11-28T20:00:00", id="no offset"),
        pytest.param(("decode", 0, "seconds_a_token"), 0, id="no time"),
        pytest.param(("decode", 0, "seconds_a_token"), 1e300, id="forever"),
        pytest.param(("decode", 0, "planned", "mid"), -3, id="planned backwards"),
        pytest.param(("decode", 0, "tokens"), 1.5, id="half a token"),
        pytest.param(("buffers", 0, "term"), "magic", id="unknown term"),
        pytest.param(("buffers", 0, "measured_bytes"), 1 << 70, id="more than any machine has"),
        pytest.param(("settings", "context_tokens"), None, id="null"),
        pytest.param(("disturbances",), ["ghosts"], id="unknown disturbance"),
    ],
)
def test_a_damaged_file_is_named_and_left_out(tmp_path: Path, path: tuple[str | int, ...], value: object) -> None:
    store(tmp_path, EXAMPLE)
    file = store(tmp_path, replace(EXAMPLE, file=replace(EXAMPLE.file, digest="other")))
    fields = json.loads(file.read_text())
    place = fields
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    file.write_text(json.dumps(fields))
    found = stored(tmp_path)
    assert found.found == (EXAMPLE,)
    assert [name for name, _ in found.damaged] == [file.name]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"null", b" " * (2 << 20)])
def test_a_file_that_is_none_is_named(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.json").write_bytes(content)
    found = stored(tmp_path)
    assert found.found == ()
    assert found.damaged[0][0] == "x.json"
    assert "\n" not in found.damaged[0][1]


def test_a_link_and_a_file_open_to_others_are_not_believed(tmp_path: Path) -> None:
    path = store(tmp_path / "kept", EXAMPLE)
    path.with_name("link.json").symlink_to(path)
    assert [name for name, _ in stored(path.parent).damaged] == ["link.json"]
    path.with_name("link.json").unlink()
    path.chmod(0o666)
    assert stored(path.parent).found == ()


def test_what_is_being_written_is_not_read(tmp_path: Path) -> None:
    path = store(tmp_path, EXAMPLE)
    path.with_name(f"{path.name}.0123abcd").write_bytes(b"{")
    assert stored(tmp_path).damaged == ()
