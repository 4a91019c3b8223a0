"""Files that are cut, unknown, or written to while they are read: one sentence, one hint, and nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from r1plan.catalog.load import load_models
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import EngineError
from r1plan.tiny import MODEL_PATH
from tests.oracle.gguf_writer import write_header

SMALL = LoadSettings(context_tokens=256)

# A wrong file may end the process that loads it, so it is another's: it says of each cut what came of it.
CUT = """
import json, os, sys
from pathlib import Path
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.settings import LoadSettings
from r1plan.errors import R1PlanError

path, lengths = Path(sys.argv[1]), json.loads(sys.argv[2])
for length in lengths:
    os.truncate(path, length)
    try:
        LocalEngine(path, "cut", LoadSettings(context_tokens=256)).close()
        print(json.dumps([length, None, None]), flush=True)
    except R1PlanError as error:
        print(json.dumps([length, error.message, error.hint]), flush=True)
"""


def cut(path: Path, lengths: list[int]) -> list[tuple[int, str | None, str | None]]:
    """What each of `lengths`, the longest first, says when `path` is cut to it."""
    done = subprocess.run(
        [sys.executable, "-c", CUT, str(path), json.dumps(sorted(lengths, reverse=True))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [tuple(json.loads(line)) for line in done.stdout.splitlines()]


def odd_lengths(size: int, header: int) -> list[int]:
    """Every byte of the preamble, odd places all over, the edges of powers of two, and the last bytes."""
    powers = [(1 << power) + step for power in range(5, size.bit_length()) for step in (-1, 0, 1)]
    spread = [header * step // 23 | 1 for step in range(1, 23)] + [size * step // 17 | 1 for step in range(1, 17)]
    ends = [size - step for step in (1, 2, 31, 32, 33, 4095, 4096)]
    return sorted({each for each in (*range(26), *powers, *spread, *ends) if 0 <= each < size})


def said_once(found: list[tuple[int, str | None, str | None]], lengths: list[int]) -> None:
    assert [length for length, _, _ in found] == sorted(lengths, reverse=True)
    for length, message, hint in found:
        assert message, f"cut to {length} bytes it was loaded"
        assert hint, length
        assert message.count(". ") == 0, (length, message)
        assert message.endswith("."), (length, message)
        assert "\n" not in message + hint, (length, message)


def test_a_model_that_is_cut_anywhere_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    shutil.copyfile(MODEL_PATH, path)
    lengths = odd_lengths(path.stat().st_size, 300_000)
    said_once(cut(path, lengths), lengths)


def test_a_large_model_that_is_cut_anywhere_is_one_sentence(tmp_path: Path) -> None:
    path = write_header(tmp_path / "large.gguf", load_models()["R1-Distill-Qwen-1.5B"], "Q4_K_M")
    lengths = odd_lengths(path.stat().st_size, 30_000)
    said_once(cut(path, lengths), lengths)


def test_a_shard_that_is_cut_or_missing_is_one_sentence(tmp_path: Path) -> None:
    first = write_header(tmp_path / "model.gguf", load_models()["R1-Distill-Qwen-1.5B"], "Q4_K_M", splits=3)
    last = tmp_path / "model-00003-of-00003.gguf"
    os.truncate(last, last.stat().st_size - 1)
    with pytest.raises(EngineError, match="incomplete") as raised:
        LocalEngine(first, "model", SMALL)
    assert raised.value.hint
    last.unlink()
    with pytest.raises(EngineError, match=r"model-00003-of-00003.gguf is not there, one of 3 shards"):
        LocalEngine(first, "model", SMALL)


@pytest.mark.parametrize("name", ["qwen9", "deepseek47", "a", "größer"])
def test_an_architecture_that_this_build_does_not_know_is_told_with_the_version(tmp_path: Path, name: str) -> None:
    model = load_models()["R1-Distill-Qwen-1.5B"]
    path = write_header(tmp_path / "new.gguf", model, "Q4_K_M", extra={"general.architecture": name})
    with pytest.raises(EngineError) as raised:
        LocalEngine(path, "new", SMALL)
    assert raised.value.message == f"new.gguf: llama-cpp-python 0.3.36 does not know the architecture '{name}'."
    assert (raised.value.hint or "").startswith("one that is newer than llama-cpp-python 0.3.36 may")


def test_an_architecture_that_is_empty_is_damage(tmp_path: Path) -> None:
    model = load_models()["R1-Distill-Qwen-1.5B"]
    path = write_header(tmp_path / "bad.gguf", model, "Q4_K_M", extra={"general.architecture": ""})
    with pytest.raises(EngineError, match=r"bad\.gguf does not say its architecture\."):
        LocalEngine(path, "bad", SMALL)


def grow(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


def rewrite(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    os.utime(path, ns=(1, 1))


def replace(path: Path) -> None:
    other = path.with_suffix(".new")
    shutil.copyfile(MODEL_PATH, other)
    other.replace(path)


@pytest.mark.parametrize(
    "change", [grow, rewrite, replace, Path.unlink], ids=["grown", "rewritten", "replaced", "removed"]
)
def test_a_file_that_is_written_to_while_it_is_read_is_refused(tmp_path: Path, change: object) -> None:
    path = tmp_path / "model.gguf"
    shutil.copyfile(MODEL_PATH, path)
    changed: list[float] = []

    def loading(share: float) -> None:
        if not changed:
            changed.append(share)
            change(path)  # type: ignore[operator]

    with pytest.raises(EngineError, match=r"model\.gguf was written to while it was read\.") as raised:
        LocalEngine(path, "model", SMALL, progress=loading)
    assert changed
    assert raised.value.hint == "let its download or copy end, then try again."


def test_a_file_that_is_only_read_beside_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    shutil.copyfile(MODEL_PATH, path)

    def loading(_share: float) -> None:
        path.read_bytes()
        (tmp_path / "other.gguf").write_bytes(b"GGUF")

    LocalEngine(path, "model", SMALL, progress=loading).close()


def test_what_was_started_for_a_file_ends_with_its_refusal(tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(MODEL_PATH.read_bytes()[:100_000])
    before = {each.pid for each in psutil.Process().children()}
    with pytest.raises(EngineError) as raised:
        LocalEngine(path, "cut", SMALL)
    # While the error, and with it every frame, is still held.
    assert {each.pid for each in psutil.Process().children()} <= before
    assert raised.value.hint


CUT_LATE = """
import os, sys
from pathlib import Path
from r1plan.engine.chat import ChatRequest, Message
from r1plan.engine.local.chat import LocalEngine
from r1plan.engine.local.settings import LoadSettings

path = Path(sys.argv[1])
engine = LocalEngine(path, "cut", LoadSettings(context_tokens=256, mapped=sys.argv[2] == "mapped"))
events = engine.stream(ChatRequest(messages=(Message("user", "What is 17 + 25?"),)))
next(events)
os.truncate(path, 0)
print(sum(1 for _ in events), flush=True)
"""


@pytest.mark.parametrize("kind", ["mapped", "read"])
def test_a_model_that_is_cut_while_it_answers_is_one_sentence_where_it_is_mapped(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "model.gguf"
    shutil.copyfile(MODEL_PATH, path)
    done = subprocess.run(
        [sys.executable, "-c", CUT_LATE, str(path), kind], capture_output=True, text=True, check=False, timeout=60
    )
    if kind == "read":
        assert (done.returncode, done.stderr) == (0, "")
        assert int(done.stdout) > 10
    else:
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.startswith(
            "\nerror: model.gguf was cut short while it was read, or its disk failed.\nhint:  "
        )
