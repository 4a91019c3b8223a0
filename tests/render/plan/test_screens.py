"""What `r1plan recommend` shows on a terminal of 24 lines, for machines of all kinds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.hardware.machine import Machine
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.vllm.planner import VllmPlanner
from r1plan.plan.workload import Workload
from r1plan.render.plan.engines.llamacpp import LlamaCppView
from r1plan.render.plan.engines.vllm import VllmView
from r1plan.render.plan.show import PlanForm, show
from r1plan.render.plan.terminal import USUAL_LINES
from tests.market.offers import offers_for
from tests.plan.catalogue import CATALOGUE, card, machine, plan

# The hour in which DeepSeek's price is the longest to tell.
OFFERS = offers_for(Workload(), datetime(2026, 11, 30, 2, tzinfo=UTC))


def cards(*ids: str, ram: float | None = None) -> Callable[[], Machine]:
    return lambda: machine_from_options(gpu=list(ids), ram=ram)


MACHINES: dict[str, Callable[[], Machine]] = {
    "a 4090": cards("rtx-4090"),
    "a 4090 with 64 GiB": cards("rtx-4090", ram=64),
    "a 4090 with 512 GiB": cards("rtx-4090", ram=512),
    "a 5090": cards("rtx-5090", ram=96),
    "a card of 8 GiB": lambda: machine_from_options(vram=8),
    "a card of 6 GiB": lambda: machine_from_options(vram=6, bandwidth=192, ram=16),
    "a card of 16 GiB": cards("rtx-4080"),
    "a 3060 and RAM": cards("rtx-3060-12gb", ram=128),
    "two 3090 and a 3060": cards("rtx-3090:2", "rtx-3060-12gb"),
    "four 3090": cards("rtx-3090:4", ram=128),
    "three kinds": cards("rtx-3090", "rtx-4090", "rtx-3060-12gb", ram=48),
    "a card of AMD's": cards("rx-7900-xtx", ram=32),
    "an MI300X": cards("mi300x"),
    "eight H100": cards("h100-sxm-80gb:8"),
    "eight H200": cards("h200:8"),
    "two H100": cards("h100-sxm-80gb:2", ram=512),
    "sixteen A100": cards("a100-sxm-80gb:16"),
    "a small Mac": cards("m3-pro-14c", ram=18),
    "a Mac": cards("m4-max-40c", ram=128),
    "a large Mac": cards("m3-ultra-80c", ram=512),
    "a Mac of 8 GiB": cards("m1-8c", ram=8),
    "a Strix Halo": cards("strix-halo", ram=128),
    "a GB10": cards("gb10"),
    "a workstation's card": cards("rtx-pro-6000-blackwell", ram=256),
    "a server without cards": lambda: machine(ram=768, cores=64),
    "a desktop without cards": lambda: machine(ram=32, cores=8),
    "two detected cards of long names": lambda: replace(
        machine(
            replace(card(24), name="NVIDIA RTX PRO 6000 Blackwell Max-Q Workstation Edition"),
            replace(card(12, index=1), name="NVIDIA GeForce RTX 4070 Ti SUPER"),
        ),
        origin="detected",
    ),
}


def shown(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    answer: Plan[Option],
    width: int,
    explain: bool = False,
) -> list[str]:
    """Both streams, in the order in which a terminal has them."""
    monkeypatch.setenv("COLUMNS", str(width))
    show(LlamaCppView(), answer, OFFERS, None, PlanForm("text", explain), CATALOGUE)
    out, err = capsys.readouterr()
    return [*out.splitlines(), *err.splitlines()]


@cache
def answer_for(name: str) -> Plan[Option]:
    return plan(MACHINES[name]())


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("name", MACHINES)
def test_a_plan_is_read_at_a_glance(
    name: str,
    width: int,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = answer_for(name)
    lines = shown(capsys, monkeypatch, answer, width)
    assert max(map(len, lines)) <= width
    assert len(lines) <= USUAL_LINES
    answered = next(number for number, line in enumerate(lines, 1) if line.endswith("."))
    assert answered <= 2
    assert " an answer" in " ".join(lines[:answered])
    rule = next(number for number, line in enumerate(lines) if set(line) == {"─"})
    rows = lines[rule + 1 : lines.index("", rule)]
    ids = [option.id for option in answer.options]
    assert [row.split()[0] for row in rows] == ids[: len(rows)]
    assert len(rows) >= min(len(ids), 3)
    if len(rows) < len(ids):
        assert f"{len(ids) - len(rows)} more; {len(answer.rejected)} rejected: " in " ".join(lines)


@pytest.mark.parametrize("name", ["a 4090 with 64 GiB", "eight H100", "a Strix Halo", "a desktop without cards"])
def test_the_explanation_pages_well(
    name: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answer = answer_for(name)
    lines = shown(capsys, monkeypatch, answer, 80, explain=True)
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 140
    heads = [number for number, line in enumerate(lines) if number and not lines[number - 1] and line[:1].isupper()]
    assert {lines[number].split()[0] for number in heads} >= {"Memory", "Speed", "Quality", "Choice", "Rejected"}
    assert sum(each.id in line for each in answer.options for line in lines) >= len(answer.options)


def test_a_pinned_option_is_a_table_of_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pinned = plan(MACHINES["a 4090"](), pins=Pins(model="R1-Distill-Qwen-7B", quant="Q4_K_M"))
    lines = shown(capsys, monkeypatch, pinned, 80)
    assert sum(line.startswith("R1-Distill-Qwen-7B:Q4_K_M ") for line in lines) == 1
    assert any("--explain" in line for line in lines)


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("ids", ["h200:8", "rtx-4090", "a100-sxm-80gb:4", "b200:8"])
def test_a_plan_for_vllm_has_a_line_for_each_option(
    ids: str, width: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    planner = VllmPlanner()
    answer = planner.plan(cards(ids)(), CATALOGUE, Workload(), planner.checked(Pins()))
    monkeypatch.setenv("COLUMNS", str(width))
    show(VllmView(), answer, OFFERS, None, PlanForm("text"), CATALOGUE)
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= width
    rule = next(number for number, line in enumerate(lines) if set(line) == {"─"})
    rows = lines[rule + 1 : lines.index("", rule)]
    assert [row.split()[0] for row in rows] == [option.id for option in answer.options][: len(rows)]


def test_where_nothing_comes_within_the_patience_that_was_asked_the_first_sentence_says_so() -> None:
    hasty = plan(machine(card(24)), workload=Workload(patience_min=0.01))
    said = [next(LlamaCppView().opening(hasty, columns)).text for columns in (80, 200)]
    assert all(each.startswith("Nothing comes within 0.6 seconds (--patience): the fastest is R1-") for each in said)
    usual = next(LlamaCppView().opening(plan(machine(card(24))), 80)).text
    assert usual.startswith("Run ")
