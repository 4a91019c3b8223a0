"""`r1plan hardware`: what is known, by a word."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def r1plan(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "r1plan", *arguments], capture_output=True, text=True, check=False, timeout=60
    )


def test_without_a_word_the_families_are_listed_with_the_words_that_list_them() -> None:
    done = r1plan("hardware")
    assert (done.returncode, done.stderr) == (0, "")
    assert "graphics cards and chips and" in done.stdout
    assert any(line.startswith("geforce rtx 50") for line in done.stdout.splitlines())


@pytest.mark.parametrize("words", [("rtx", "4090", "laptop"), ("RTX 4090 Laptop",)], ids=["several", "one argument"])
def test_words_may_be_one_argument_or_several(words: tuple[str, ...]) -> None:
    done = r1plan("hardware", *words)
    assert done.stdout == "rtx-4090-laptop  16 GiB  576 GB/s  sm_89, laptop\n"


def test_json_is_one_document() -> None:
    found = json.loads(r1plan("hardware", "gb10", "--json").stdout)
    assert found["schema"] == "r1plan.hardware/1"
    assert [each["id"] for each in found["cards"]] == ["gb10"]
    assert [each["vendor"] for each in found["processors"]] == ["NVIDIA"]


def test_a_word_that_nothing_has_is_an_error_with_a_way_out() -> None:
    done = r1plan("hardware", "banana")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: no hardware with 'banana' in its name is known.\n"
        "hint:  `r1plan hardware` lists the families; recommend's --vram GIB --bandwidth GB/S describes any card.\n"
    )
