"""The rule of the choice: what it takes of all that fits, and what can never change it for the worse."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from r1plan.hardware.machine import GpuDevice, Machine
from r1plan.plan.answer import answer_seconds
from r1plan.plan.choice.chosen import BeyondPatience, Chosen
from r1plan.plan.choice.patience import MOST_WH_AN_ANSWER, PATIENCE_MIN
from r1plan.plan.llamacpp.candidates import candidates_of
from r1plan.plan.llamacpp.choose import choose
from r1plan.plan.llamacpp.fit.search import Search
from r1plan.plan.llamacpp.memory.devices import devices_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.llamacpp.rank import option_merit, ranked
from r1plan.plan.model_set import ModelSet
from r1plan.plan.pins import Pins
from r1plan.plan.plan import Plan
from r1plan.plan.quality import published_score
from r1plan.plan.workload import Objective, Workload
from r1plan.units import GIB
from tests.plan.catalogue import MODELS, TABLES, card, machine, reason

OBJECTIVES: tuple[Objective, ...] = ("balanced", "quality", "speed", "cost")
QUANTS = ("Q2_K", "Q3_K_M", "IQ4_XS", "Q4_K_M", "Q6_K", "Q8_0", "UD-Q2_K_XL", "UD-Q4_K_XL")
FEW = ModelSet(
    {
        id_: replace(model, quants=tuple(quant for quant in model.quants if quant.name in QUANTS))
        for id_, model in MODELS.items()
        if model.recommended
    },
    TABLES,
)


def plan(on: Machine, workload: Workload, models: ModelSet = FEW) -> Plan[Option]:
    return choose(on, models, workload, Pins())


def chosen(on: Machine, workload: Workload, models: ModelSet = FEW) -> Option | None:
    return plan(on, workload, models).choice


def all_that_fit(on: Machine, workload: Workload) -> list[Option]:
    search = Search(on, devices_of(on), workload, Pins())
    found = (search.of(candidate) for candidate in candidates_of(FEW, Pins()))
    return [option for option in found if isinstance(option, Option)]


def minutes(option: Option, workload: Workload) -> float:
    return answer_seconds(option, workload) / 60


def by_hand(options: Iterable[Option], workload: Workload) -> Option:
    """The rule once more, step by step, as the manual says it."""
    left = list(options)
    holding = [each for each in left if each.context >= each.wanted_context]
    left = holding or [each for each in left if each.context == max(other.context for other in left)]
    left = [each for each in left if each.settings.kv_type in ("f16", "q8_0")] or left
    left = [each for each in left if each.quality.quant.perplexity_ratio <= 1.10] or left
    patience = PATIENCE_MIN[workload.objective] if workload.patience_min is None else workload.patience_min
    dear = workload.objective == "cost"
    cheap = [each for each in left if not (dear and each.draw and energy(each, workload) > MOST_WH_AN_ANSWER)]
    within = [each for each in cheap if minutes(each, workload) <= patience]
    if within:
        best = max(each.quality.index for each in within)
        left = [each for each in within if each.quality.index == best]
    left = [each for each in left if each.quality.quant.perplexity_ratio <= 1.05] or left
    if workload.objective == "cost":
        return min(left, key=lambda each: (energy(each, workload), minutes(each, workload)))
    quick = [each for each in left if within and not each.is_mixed and minutes(each, workload) <= patience / 3]
    if quick:
        return min(quick, key=lambda each: (each.quality.quant.per_cent_lost, minutes(each, workload)))
    return min(left, key=lambda each: minutes(each, workload))


def energy(option: Option, workload: Workload) -> float:
    return (option.draw.busy_w if option.draw else 150) * minutes(option, workload) / 60


MACHINES = {
    "a 4090": machine(card(24), ram=64),
    "a card of 8 GiB": machine(card(8, bandwidth=272.0, watts=100.0), ram=16),
    "two 3090 and a 3060": machine(
        card(24, bandwidth=936.0), card(24, index=1, bandwidth=936.0), card(12, index=2, bandwidth=360.0)
    ),
    "eight H100": machine(
        *(card(80, index=each, bandwidth=3350.0, gpu_class="nvidia-datacentre", watts=700.0) for each in range(8)),
        ram=1024,
    ),
    "a Mac with 64": machine(card(48, bandwidth=400.0, unified=True), ram=64),
    "no card": machine(ram=32, cores=8),
    "a card and much RAM": replace(
        machine(card(24), ram=768),
        memory=replace(machine(ram=768).memory, bandwidth_gb_s=460.0),
    ),
}


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", MACHINES)
def test_the_choice_is_the_one_that_the_rule_gives_by_hand(name: str, objective: Objective) -> None:
    on, workload = MACHINES[name], Workload(objective=objective)
    options = all_that_fit(on, workload)
    assert ranked(options, workload)[0].id == by_hand(options, workload).id


@pytest.mark.parametrize("objective", OBJECTIVES)
@pytest.mark.parametrize("name", ["a 4090", "a Mac with 64", "no card"])
def test_the_sentence_is_the_rule_with_the_figures_of_what_was_chosen(name: str, objective: Objective) -> None:
    workload = Workload(objective=objective)
    answer = plan(MACHINES[name], workload)
    choice = answer.choice
    assert choice is not None
    why = choice.why
    assert isinstance(why, Chosen)
    assert why.score == published_score(choice.quality.scores)
    assert why.seconds == answer_seconds(choice, workload)
    assert why.patience_min == PATIENCE_MIN[objective]
    assert why.within is option_merit(choice, workload).within
    said = reason(choice)
    if why.within:
        assert said.startswith(f"the best published quality (GPQA-Diamond {why.score}")
        assert f"comes within {'3 hours' if objective == 'quality' else f'{why.patience_min:g} minutes'}" in said
        # What is better and fits takes longer: each says so.
        slow = [each.cause for each in answer.rejected if isinstance(each.cause, BeyondPatience)]
        assert all(each.seconds > each.patience_min * 60 or (each.wh or 0) > MOST_WH_AN_ANSWER for each in slow)
    else:
        assert said.startswith("no typical answer comes within ")


cards = st.builds(
    lambda gib, speed: card(gib, bandwidth=speed, gpu_class="nvidia-consumer" if gib <= 32 else "nvidia-datacentre"),
    st.sampled_from([4.0, 8.0, 12.0, 16.0, 24.0, 48.0, 80.0]),
    st.sampled_from([200.0, 450.0, 1000.0, 3300.0]),
)


def of(gpu: GpuDevice | None, number: int, ram: float, ram_gb_s: float, cores: int) -> Machine:
    gpus = () if gpu is None else tuple(replace(gpu, index=index) for index in range(number))
    on = machine(*gpus, ram=ram, cores=cores)
    return replace(on, memory=replace(on.memory, bandwidth_gb_s=ram_gb_s))


machines = st.tuples(
    st.none() | cards,
    st.sampled_from([1, 2, 4]),
    st.sampled_from([8.0, 16.0, 32.0, 64.0, 256.0, 512.0]),
    st.sampled_from([40.0, 80.0, 200.0, 460.0]),
    st.sampled_from([4, 8, 16, 64]),
)
workloads = st.builds(
    Workload,
    objective=st.sampled_from(["balanced", "quality", "speed"]),
    patience_min=st.none() | st.sampled_from([1.0, 4.0, 8.0, 25.0, 60.0]),
    thinking_tokens=st.sampled_from([600, 4_700, 12_000]),
)
larger = st.sampled_from(["memory", "bandwidth", "cards", "RAM", "RAM's bandwidth", "cores"])
several = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

Described = tuple[GpuDevice | None, int, float, float, int]


def grown(described: Described, how: str, times: float) -> Described:
    gpu, number, ram, ram_gb_s, cores = described
    if gpu is not None and how == "memory":
        gpu = replace(gpu, total_bytes=round(gpu.total_bytes * times), free_bytes=round(gpu.free_bytes * times))
    if gpu is not None and how == "bandwidth":
        gpu = replace(gpu, bandwidth_gb_s=(gpu.bandwidth_gb_s or 0) * times)
    return (
        gpu,
        number + (how == "cards"),
        ram * (times if how == "RAM" else 1),
        ram_gb_s * (times if how == "RAM's bandwidth" else 1),
        round(cores * times) if how == "cores" else cores,
    )


@given(machines, workloads, larger, st.sampled_from([1.03, 1.25, 2.0]))
@several
def test_a_larger_or_faster_machine_never_gets_a_worse_model(
    described: Described, workload: Workload, how: str, times: float
) -> None:
    before, after = chosen(of(*described), workload), chosen(of(*grown(described, how, times)), workload)
    if before is None:
        return
    assert after is not None
    assert option_merit(after, workload)[:6] >= option_merit(before, workload)[:6]
    assert after.quality.index >= before.quality.index


@given(machines, workloads, st.sampled_from([1.1, 2.0, 10.0]))
@several
def test_a_longer_patience_never_gets_a_worse_model(described: Described, workload: Workload, times: float) -> None:
    on, asked = of(*described), workload.patience_min or PATIENCE_MIN[workload.objective]
    before = chosen(on, replace(workload, patience_min=asked))
    after = chosen(on, replace(workload, patience_min=asked * times))
    if before is not None:
        assert after is not None
        assert after.quality.index >= before.quality.index


@given(machines, workloads, st.sampled_from(OBJECTIVES), st.randoms(use_true_random=False))
@example((card(24), 1, 64.0, 80.0, 16), Workload(), "cost", None)
@several
def test_without_what_was_not_chosen_the_choice_is_the_same(
    described: Described, workload: Workload, objective: Objective, chance: object
) -> None:
    on, workload = of(*described), replace(workload, objective=objective)
    choice = chosen(on, workload)
    if choice is None:
        return
    others = [(id_, quant.name) for id_, model in FEW.models.items() for quant in model.quants]
    others = [each for each in others if f"{each[0]}:{each[1]}" != choice.id]
    shuffle = getattr(chance, "shuffle", None)
    if shuffle is not None:
        shuffle(others)
    again = chosen(on, workload, _without(others[: len(others) // 2]))
    assert again is not None
    assert (again.id, again.settings, again.context) == (choice.id, choice.settings, choice.context)


def _without(left_out: Sequence[tuple[str, str]]) -> ModelSet:
    gone = set(left_out)
    return replace(
        FEW,
        models={
            id_: replace(model, quants=tuple(each for each in model.quants if (id_, each.name) not in gone))
            for id_, model in FEW.models.items()
        },
    )


def test_a_wish_for_speed_is_hard_and_the_patience_counts_among_what_keeps_it() -> None:
    on = MACHINES["a 4090"]
    free = chosen(on, Workload())
    assert free is not None
    quick = plan(on, Workload(min_tok_s=free.tok_s * 1.1))
    assert quick.choice is not None
    assert quick.choice.tok_s >= free.tok_s * 1.1
    assert quick.choice.quality.index <= free.quality.index
    assert any(each.id == free.id for each in quick.rejected)
    assert f"at {free.tok_s * 1.1:.1f} tok/s or more" in reason(quick.choice)


def test_where_nothing_comes_in_time_the_fastest_of_what_is_usable_is_taken_and_said_so() -> None:
    workload = Workload(patience_min=0.01)
    answer = plan(MACHINES["no card"], workload)
    choice = answer.choice
    assert choice is not None
    assert choice.quality.quant.counts_as_model
    assert minutes(choice, workload) == min(
        minutes(option, workload)
        for option in all_that_fit(MACHINES["no card"], workload)
        if option.quality.quant.counts_as_model
    )
    assert reason(choice).startswith("no typical answer comes within 0.6 seconds: the fastest, at ")
    assert not any(isinstance(each.cause, BeyondPatience) for each in answer.rejected)


def test_a_coarse_quant_is_taken_only_where_nothing_finer_fits() -> None:
    tiny = replace(machine(ram=4), memory=replace(machine(ram=4).memory, available_bytes=round(1.45 * GIB)))
    coarse = chosen(tiny, Workload())
    assert coarse is not None
    assert not coarse.quality.quant.usable
    assert reason(coarse).startswith("nothing finer holds most answers: ")
    roomier = chosen(machine(ram=4), Workload())
    assert roomier is not None
    assert roomier.quality.quant.usable


def test_a_cache_of_four_bits_or_a_short_context_is_taken_only_where_nothing_else_fits() -> None:
    for gib in (5.0, 6.0, 7.0, 8.0, 10.0, 12.0):
        on = machine(card(gib), ram=32)
        choice = chosen(on, Workload())
        assert choice is not None
        assert choice.context >= choice.wanted_context
        assert choice.settings.kv_type in ("f16", "q8_0")


@pytest.mark.parametrize(("thinking", "context"), [(0, 1_700), (1_000, 4_700), (4_700, 15_800), (12_000, 33_768)])
def test_the_context_that_is_wanted_holds_three_times_the_typical_thinking(thinking: int, context: int) -> None:
    workload = Workload(thinking_tokens=thinking)
    choice = choose(MACHINES["a 4090"], FEW, workload, Pins(model="R1-Distill-Qwen-32B")).choice
    assert choice is not None
    assert choice.wanted_context == max(-(-context // 1024) * 1024, 4_096)
    assert choice.context >= choice.wanted_context


def test_an_asked_context_is_held_by_any_model() -> None:
    choice = choose(MACHINES["a 4090"], FEW, Workload(), Pins(context=8_192)).choice
    assert choice is not None
    assert (choice.context, choice.wanted_context) == (8_192, 8_192)
    assert choice.model.id == "R1-Distill-Qwen-32B"
