"""`--local` alone and `--model recommended`: the best of what is here, else what to fetch."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.ask.asker import Asker
from r1plan.ask.not_here import ModelNotHere
from r1plan.ask.notes import Demonstration, FoundOnDisk
from r1plan.ask.question import AskOptions, Wanted
from r1plan.ask.resolve import resolve
from r1plan.errors import EngineError, NothingFits, UsageError
from r1plan.ledger.usage_log import UsageLog
from r1plan.plan.pins import Pins
from tests.models.store.stores import header, ollama

LOCAL, RECOMMENDED = Wanted(local=True), Wanted(model="Recommended")


def options(home: Path, *, may_fetch: bool = False, pins: Pins = Pins()) -> AskOptions:
    return AskOptions(log=UsageLog(home), may_fetch=may_fetch, pins=pins, sends_nothing=True)


@pytest.fixture
def two(home: Path) -> None:
    """Two models that any machine holds, in two stores, and one that none does without its disk."""
    header(home / "data/models/R1-Distill-Qwen-1.5B-Q8_0.gguf", "R1-Distill-Qwen-1.5B", "Q8_0")
    small = header(home / "x.gguf", "R1-Distill-Qwen-1.5B", "Q2_K")
    ollama(home / ".ollama/models", "deepseek-r1:1.5b", small)
    header(home / "data/models/R1-Distill-Llama-70B-F32.gguf", "R1-Distill-Llama-70B", "F16")


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize("wanted", [LOCAL, RECOMMENDED, Wanted(model="recommended", local=True)])
def test_the_best_of_what_is_here_answers(home: Path, wanted: Wanted) -> None:
    found = resolve(wanted, options(home, may_fetch=True))
    assert found.run is not None
    assert not found.run.target.demonstration
    (note,) = found.notes
    assert isinstance(note, FoundOnDisk)
    assert (note.typed, note.model) == (None, f"R1-Distill-Qwen-1.5B:{'Q8_0'}")
    assert found.wanted_by == ("best_here" if wanted is LOCAL else "name")


@pytest.mark.usefixtures("two")
def test_beside_a_route_it_is_the_candidate_here(home: Path) -> None:
    found = resolve(Wanted(local=True, route="private"), options(home))
    assert found.run is not None
    assert found.run.target.model == "R1-Distill-Qwen-1.5B-Q8_0"


def test_with_nothing_here_local_alone_is_answered_by_the_demonstration(home: Path) -> None:
    found = resolve(LOCAL, options(home))
    assert found.notes == (Demonstration(),)
    assert (found.wanted_by, found.policy) == ("local", "default")


def test_a_store_without_a_model_of_the_catalogue_leaves_the_demonstration(home: Path) -> None:
    folder = home / "data/models"
    folder.mkdir(parents=True)
    (folder / "x.gguf").write_bytes(b"GGUF, or not")
    assert resolve(LOCAL, options(home)).notes == (Demonstration(),)


@pytest.mark.parametrize(("wanted", "may_fetch"), [(LOCAL, True), (RECOMMENDED, True), (RECOMMENDED, False)])
def test_with_nothing_here_the_recommendation_is_what_to_fetch(home: Path, wanted: Wanted, may_fetch: bool) -> None:
    with pytest.raises(ModelNotHere) as caught:
        resolve(wanted, options(home, may_fetch=may_fetch))
    assert caught.value.pull == "recommended"
    assert "r1plan models pull recommended" in (caught.value.hint or "")


def test_nothing_named_stays_with_the_demonstration_whatever_is_here(home: Path) -> None:
    header(home / "data/models/R1-Distill-Qwen-1.5B-Q8_0.gguf", "R1-Distill-Qwen-1.5B", "Q8_0")
    assert resolve(Wanted(), options(home, may_fetch=True)).notes == (Demonstration(),)


def test_a_provider_may_have_a_model_called_so(home: Path) -> None:
    assert resolve(Wanted(model="recommended", provider="vllm"), options(home)).run is None


def test_a_name_whose_file_has_no_room_says_what_lacks(home: Path) -> None:
    path = header(home / "data/models/R1-Distill-Llama-70B-F16.gguf", "R1-Distill-Llama-70B", "F16")
    with pytest.raises(NothingFits) as caught:
        resolve(Wanted(model="R1-Distill-Llama-70B"), options(home))
    assert caught.value.message.startswith("R1-Distill-Llama-70B:F16 does not fit into this machine: it needs ")
    assert f"--model {path} tries it all the same" in (caught.value.hint or "")
    # By its path, or with something pinned, it is tried.
    assert resolve(Wanted(model=str(path)), options(home)).named is not None
    assert resolve(Wanted(model="R1-Distill-Llama-70B"), options(home, pins=Pins(kv_type="q4_0"))).named is not None


def test_pins_that_the_named_model_cannot_have_are_refused(home: Path) -> None:
    header(home / "data/models/R1-Distill-Qwen-1.5B-Q8_0.gguf", "R1-Distill-Qwen-1.5B", "Q8_0")
    with pytest.raises(UsageError, match="--context 9000000"):
        resolve(Wanted(model="R1-Distill-Qwen-1.5B"), options(home, pins=Pins(context=9_000_000)))


def test_a_file_that_cannot_be_read_is_the_engines_to_explain(home: Path) -> None:
    home.mkdir()
    (home / "x.gguf").write_bytes(b"GGUF" + bytes(60))
    with Asker(AskOptions(log=UsageLog(home))) as asker, pytest.raises(EngineError, match=r"x\.gguf"):
        asker.ready(Wanted(model=str(home / "x.gguf")))
