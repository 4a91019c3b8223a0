"""What R1's successors would give stands beside the R1 that is chosen, and changes nothing of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.errors import R1PlanError
from r1plan.hardware.machine import Machine
from r1plan.models.downloads import download_of
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.planner import LlamaCppPlanner
from r1plan.plan.model_set import FamilyAsked, ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan, difference
from r1plan.plan.quality import COARSEST, known_thinking_over_r1, quant_quality
from r1plan.plan.successors import successors_beside, with_successors
from r1plan.plan.workload import Workload
from tests.plan.catalogue import CATALOGUE, MODELS, TABLES, card, machine, model, plan, quant

SUCCESSORS = [each.id for each in MODELS.values() if each.kind == "successor" and each.quants]
MAC = machine_from_options(gpu=["m3-max-40c"], unified=128)


def beside(on: Machine, pins: Pins | None = None, *, quick: bool = True, of: ModelSet = CATALOGUE) -> list[Option]:
    found: Plan[Option] = plan(on, pins=pins)
    return list(successors_beside(LlamaCppPlanner(), found, of, pins or Pins(), quick=quick))


def test_128_gib_hold_v4_flash_beside_the_70b() -> None:
    chosen = plan(MAC).choice
    assert chosen is not None
    assert chosen.model.id == "R1-Distill-Llama-70B"
    first = beside(MAC)[0]
    assert first.model.id == "DeepSeek-V4-Flash"
    assert first.fits
    assert {each.benchmark: each.score for each in first.quality.scores}["gpqa_diamond"] == 88.1


@pytest.mark.parametrize("gib", [8, 24, 48])
def test_where_none_fits_none_stands(gib: int) -> None:
    assert beside(machine(card(gib), ram=16)) == []


def test_what_stands_beside_fits_is_to_be_had_and_comes_once_a_model() -> None:
    found = beside(machine(*(card(80, index=place) for place in range(4)), ram=512))
    assert len({each.model.id for each in found}) == len(found) > 1
    for option in found:
        assert option.fits
        assert option.model.kind == "successor"
        assert option.model.recommended
        assert download_of(option.model, option.quant) is not None


def test_the_longest_way_finds_what_the_short_one_does() -> None:
    for quick, exact in zip(beside(MAC), beside(MAC, quick=False), strict=True):
        assert (quick.id, quick.placement, quick.context) == (exact.id, exact.placement, exact.context)
        assert quick.needed_bytes == exact.needed_bytes


@pytest.mark.parametrize("pins", [Pins(model="R1-Distill-Qwen-7B"), Pins(model="DeepSeek-V4-Flash")])
def test_beside_a_model_that_was_named_stands_none(pins: Pins) -> None:
    assert beside(MAC, pins) == []


def test_a_quant_or_context_that_no_successor_has_is_no_error() -> None:
    assert beside(MAC, Pins(quant="IQ4_XS")) == []
    assert {each.context for each in beside(MAC, Pins(context=65_536))} == {65_536}


def test_where_successors_alone_are_chosen_among_none_stands_beside() -> None:
    assert beside(MAC, of=replace(CATALOGUE, family="successors")) == []


@pytest.mark.parametrize(
    "on",
    [
        machine_from_options(gpu=["strix-halo"], unified=128),
        machine_from_options(gpu=["m4-max"], unified=128),
        machine_from_options(gpu=["rtx-4090"], ram=64),
    ],
    ids=["strix-halo", "m4-max", "rtx-4090"],
)
def test_beside_an_r1_that_is_chosen_among_all_stand_the_successors_of_the_default_once_each(on: Machine) -> None:
    every = replace(CATALOGUE, family="all")
    found: Plan[Option] = choose(on, every, Workload(), Pins())
    assert found.choice is not None
    successors = successors_beside(LlamaCppPlanner(), found, every, Pins(), quick=True)
    if found.choice.model.kind == "successor":
        assert successors == ()
        return
    assert [each.id for each in successors] == [each.id for each in beside(on)] != []
    shown = with_successors(found, successors)
    options = [each.id for each in (*shown.options, *shown.successors)]
    ids = [*options, *(each.id for each in shown.rejected)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("family", "kinds"),
    [("r1", {"full", "distill"}), ("successors", {"successor"}), ("all", {"full", "distill", "successor"})],
)
def test_a_family_is_all_that_is_chosen_among(family: FamilyAsked, kinds: set[str]) -> None:
    asked = replace(CATALOGUE, family=family).asked(None)
    assert {each.kind for each in asked} == kinds
    assert all(each.recommended for each in asked)


@pytest.mark.parametrize("id_", SUCCESSORS)
def test_a_named_successor_is_found_whatever_the_family(id_: str) -> None:
    assert [each.id for each in CATALOGUE.asked(id_.upper())] == [id_]


def test_r1s_own_choice_knows_nothing_of_its_successors() -> None:
    alone = ModelSet({id_: each for id_, each in MODELS.items() if each.kind != "successor"}, TABLES)
    for on in (MAC, machine(card(24), ram=64)):
        assert plan(on) == choose(on, alone, Workload(), Pins())


def test_among_all_the_best_published_quality_is_chosen() -> None:
    on = machine_from_options(gpu=["m3-ultra-80c"], unified=256)
    found = choose(on, replace(CATALOGUE, family="all"), Workload(), Pins())
    assert found.choice is not None
    assert found.choice.model.id == "DeepSeek-V4-Flash"
    assert {each.model.kind for each in found.options} > {"successor"}


def test_a_model_that_does_not_think_answers_with_the_answer_alone() -> None:
    v3 = model("DeepSeek-V3-0324")
    assert known_thinking_over_r1(v3.hf_repo) == 0
    on = machine(ram=768)
    answer = plan(on, pins=Pins(model=v3.id, quant="UD-Q2_K_XL")).choice
    other = plan(on, pins=Pins(model="DeepSeek-V3.1", quant="UD-Q2_K_XL")).choice
    assert answer is not None
    assert other is not None
    assert difference(other, answer).thinking_ratio == 1
    assert difference(answer, other).thinking_ratio == 0


@pytest.mark.parametrize(
    ("id_", "known"), [("DeepSeek-V4-Flash", 1.68), ("DeepSeek-V4-Flash-0731", None), ("DeepSeek-V3.1", None)]
)
def test_how_long_a_successor_thinks_is_known_only_where_it_was_measured(id_: str, known: float | None) -> None:
    assert known_thinking_over_r1(id_) == known


@pytest.mark.parametrize(
    ("id_", "name", "ratio"),
    [
        ("DeepSeek-V4-Flash", "UD-Q8_K_XL", 1.0),
        ("DeepSeek-V4-Flash-0731", "UD-Q4_K_XL", 1.0004),
        ("DeepSeek-V4-Flash-0731", "UD-IQ3_XXS", 1.088),
        ("DeepSeek-V3.1", "UD-Q4_K_XL", 1.0161),
    ],
)
def test_what_a_successors_quant_loses_is_of_its_own_table(id_: str, name: str, ratio: float) -> None:
    assert quant_quality(model(id_), quant(id_, name), TABLES).perplexity_ratio == pytest.approx(ratio, abs=0.003)


def test_two_bits_of_v4_are_too_coarse_and_three_are_not() -> None:
    losses = {
        each.name: quant_quality(model("DeepSeek-V4-Flash"), each, TABLES) for each in model("DeepSeek-V4-Flash").quants
    }
    assert losses["UD-IQ1_S"].perplexity_ratio > COARSEST > losses["UD-IQ3_XXS"].perplexity_ratio


def test_a_planner_that_knows_no_successor_leaves_the_answer_as_it_is() -> None:
    class Unknowing(LlamaCppPlanner):
        def choice(self, *_arguments: object, **_named: object) -> Option | None:
            raise R1PlanError("not planned for", None)

    assert successors_beside(Unknowing(), plan(MAC), CATALOGUE, Pins(), quick=True) == ()


@pytest.mark.parametrize("id_", ["DeepSeek-V4.1-Flash", "DeepSeek-V4.1-Flash-1017"])
def test_v41_is_refused_by_name_with_the_programs_that_run_it(id_: str) -> None:
    said = r"0c1e57098\) does not load its architecture, deepseek41, and its cache in vLLM is not known well enough\.$"
    with pytest.raises(R1PlanError, match=said) as caught:
        plan(MAC, pins=Pins(model=id_))
    assert "ik_llama.cpp and ds4" in (caught.value.hint or "")
    assert "614 GB" in (caught.value.hint or "")
    assert id_ not in [each.id for each in replace(CATALOGUE, family="all").asked(None)]
