"""How many machines the cards of a description stand in, and which of them serve together."""

from __future__ import annotations

from dataclasses import replace

import pytest

from r1plan.cli.options.machine import machine_from_options
from r1plan.plan.reasons import MachinesAssumed
from r1plan.plan.serving.cards import equal_gpus, hosts_of
from r1plan.plan.serving.sharding import Hosts, Parallel, parallel_configs
from tests.plan.catalogue import model


@pytest.mark.parametrize(
    ("cards", "pinned", "hosts", "note"),
    [
        pytest.param("rtx-3090:1", None, Hosts(1, 1), None, id="1"),
        pytest.param("rtx-3090:8", None, Hosts(1, 8), None, id="8"),
        pytest.param("rtx-3090:9", None, Hosts(1, 8), MachinesAssumed(1, 8, 1, assumed=True), id="9"),
        pytest.param("rtx-3090:12", None, Hosts(3, 4), MachinesAssumed(3, 4, 0, assumed=True), id="12"),
        pytest.param("rtx-3090:14", None, Hosts(2, 7), MachinesAssumed(2, 7, 0, assumed=True), id="14"),
        pytest.param("h100-sxm-80gb:16", None, Hosts(2, 8), MachinesAssumed(2, 8, 0, assumed=True), id="16"),
        pytest.param("h100-sxm-80gb:32", None, Hosts(4, 8), MachinesAssumed(4, 8, 0, assumed=True), id="32"),
        pytest.param("gb200:8", None, Hosts(2, 4), MachinesAssumed(2, 4, 0, assumed=True), id="trays-of-four"),
        pytest.param("gh200-96gb:2", None, Hosts(2, 1), MachinesAssumed(2, 1, 0, assumed=True), id="one-each"),
        pytest.param("h100-sxm-80gb:8", 4, Hosts(2, 4), MachinesAssumed(2, 4, 0, assumed=False), id="said"),
        pytest.param("h100-sxm-80gb:8", 3, Hosts(2, 3), MachinesAssumed(2, 3, 2, assumed=False), id="said-with-rest"),
        pytest.param("rtx-3090:16", 16, Hosts(1, 16), None, id="one-large-machine"),
    ],
)
def test_cards_stand_in_machines_of_eight_at_most_unless_it_is_said(
    cards: str, pinned: int | None, hosts: Hosts, note: MachinesAssumed | None
) -> None:
    machine = machine_from_options(gpu=[cards])
    found, _ = equal_gpus(machine, "vllm")
    assert hosts_of(found, machine, pinned) == (hosts, (note,) if note else ())


def test_the_cards_of_a_detected_machine_stand_in_it() -> None:
    machine = replace(machine_from_options(gpu=["h100-sxm-80gb:16"]), origin="detected")
    assert hosts_of(equal_gpus(machine, "vllm")[0], machine, None) == (Hosts(1, 16), ())


@pytest.mark.parametrize(
    ("hosts", "plain", "of_r1"),
    [
        pytest.param(Hosts(1, 1), [Parallel()], [], id="1"),
        pytest.param(Hosts(1, 3), [Parallel(), Parallel(2), Parallel(1, pipeline=3)], [(2, 1), (1, 2)], id="3"),
        pytest.param(
            Hosts(1, 6), [Parallel(), Parallel(2), Parallel(4), Parallel(2, pipeline=3)], [(4, 1), (1, 4)], id="6"
        ),
        pytest.param(
            Hosts(2, 8),
            [*(Parallel(each) for each in (1, 2, 4, 8)), Parallel(8, pipeline=2, machines=2)],
            [(8, 1), (1, 8), (1, 16)],
            id="2x8",
        ),
        pytest.param(
            Hosts(3, 4),
            [*(Parallel(each) for each in (1, 2, 4)), *(Parallel(4, pipeline=each, machines=each) for each in (2, 3))],
            [(4, 1), (1, 4), (1, 8), (1, 12)],
            id="3x4",
        ),
    ],
)
def test_layers_are_split_in_a_machine_and_staged_between_machines(
    hosts: Hosts, plain: list[Parallel], of_r1: list[tuple[int, int]]
) -> None:
    assert list(parallel_configs(hosts, model("R1-Distill-Llama-70B"))) == plain
    more = [each for each in parallel_configs(hosts, model("DeepSeek-R1")) if not each.plain]
    assert [(each.context if each.context > 1 else each.tensor, each.data) for each in more] == of_r1
    for each in parallel_configs(hosts, model("DeepSeek-R1")):
        assert each.gpus <= hosts.machines * hosts.cards
        assert each.gpus % each.machines == 0
        assert each.gpus // each.machines <= hosts.cards
