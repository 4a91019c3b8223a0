from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest

from r1plan.plan.serving.fit.rows import ServerRow, measured_of
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.serving.speed.era import Era
from tests.plan.serving.measured import TABLE, measured

ROW = {
    "model": "deepseek-ai/DeepSeek-R1",
    "system": "b200_sxm",
    "backend": "sglang",
    "backend_version": "0.5.9",
    "precision": "fp8",
    "isl": "1024",
    "osl": "1024",
    "batch": "16",
    "concurrency": "16",
    "measured": "2026-03-25",
    "tp": "8",
    "attention_dp": "1",
    "moe_tp": "8",
    "moe_ep": "1",
    "ttft_ms": "300",
    "tpot_ms": "12",
}


def row(**changed: str) -> Mapping[str, str]:
    return {**ROW, **changed}


def one(**changed: str) -> ServerRow:
    (found,) = measured_of([row(**changed)]).rows
    return found


def test_a_row_says_who_was_measured_and_how() -> None:
    found = one()
    assert found.era == Era("sglang", "mixture", "0.5.9", "2026-03")
    assert (found.model, found.card, found.dtype) == ("DeepSeek-R1", "b200-sxm", "FP8")
    assert (found.prompt, found.output, found.at_once) == (1024, 1024, 16)
    assert (found.first_token_s, found.token_s) == (0.3, 0.012)
    assert found.total_tok_s == pytest.approx(16 * 1024 / (0.3 + 1024 * 0.012))


@pytest.mark.parametrize(
    ("labels", "parallel"),
    [
        pytest.param({"tp": "8"}, Parallel(8), id="as-it-says"),
        pytest.param({"tp": "64", "moe_tp": "8", "moe_ep": "8"}, Parallel(8), id="product-of-both-ways"),
        pytest.param({"tp": "16", "moe_tp": "4", "moe_ep": "4"}, Parallel(4), id="product-on-four"),
        pytest.param({"tp": "8", "moe_tp": "1", "moe_ep": "8"}, Parallel(8), id="experts-whole"),
        pytest.param(
            {"tp": "1", "attention_dp": "8", "moe_tp": "1", "moe_ep": "8", "batch": "2"},
            Parallel(1, data=8),
            id="attention-repeated",
        ),
        pytest.param(
            {"tp": "1", "attention_dp": "64", "moe_tp": "8", "moe_ep": "8", "batch": "1", "concurrency": "64"},
            Parallel(1, data=8),
            id="attention-repeated-by-the-product",
        ),
        pytest.param({"attention_dp": "", "moe_tp": "0", "moe_ep": "0"}, Parallel(8), id="nothing-said"),
    ],
)
def test_cards_that_a_label_multiplies_are_counted_once(labels: dict[str, str], parallel: Parallel) -> None:
    assert one(**labels).parallel == parallel


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        pytest.param({"tp": "64"}, "cards that no machine has or heads do not divide by", id="64-cards"),
        pytest.param({"tp": "12"}, "cards that no machine has or heads do not divide by", id="12-cards"),
        pytest.param({"tp": "6"}, "cards that no machine has or heads do not divide by", id="6-cards"),
        pytest.param({"concurrency": ""}, "no requests at once given", id="no-concurrency"),
        pytest.param({"batch": "4"}, "requests are not batch times groups", id="several-servers"),
        pytest.param({"ttft_ms": "12300"}, "most of the time is waiting", id="waiting"),
        pytest.param({"backend": "lmdeploy"}, "another server", id="server"),
        pytest.param({"model": "gpt-oss-120b"}, "another model", id="model"),
        pytest.param({"system": "tpu"}, "another model", id="system"),
        pytest.param({"precision": "int4"}, "another model", id="precision"),
    ],
)
def test_rows_that_contradict_themselves_are_left_out_and_counted(changed: dict[str, str], why: str) -> None:
    found = measured_of([row(**changed)])
    assert found.rows == ()
    assert found.unusable == {why: 1}


def test_what_was_measured_once_counts_once_whichever_model_it_stands_under() -> None:
    twice = [row(), row(model="deepseek-ai/DeepSeek-V3"), row(tpot_ms="12.001")]
    found = measured_of(twice)
    assert len(found.rows) == 2
    assert found.unusable == {"measured twice": 1}


def test_the_table_is_mostly_usable_and_has_four_systems() -> None:
    found = measured()
    assert len(found.rows) > 1_100
    assert sum(found.unusable.values()) < 100
    assert {each.system for each in found.rows} == {"h100_sxm", "b200_sxm", "b300_sxm", "gb200"}
    assert "Apache-2.0" in TABLE.read_text(encoding="utf-8").partition("model,")[0]


def test_of_the_rows_that_are_kept_more_at_once_are_hardly_ever_faster_for_each() -> None:
    groups: dict[object, list[tuple[int, float]]] = {}
    for each in measured().rows:
        key = (each.model, each.system, each.era, each.dtype, each.parallel, each.prompt, each.output)
        groups.setdefault(key, []).append((each.at_once, each.token_s))
    pairs = [(one, other) for found in groups.values() for one, other in pairwise(sorted(found)) if one[0] < other[0]]
    faster = [one for one, other in pairs if other[1] < one[1] * 0.97]
    assert len(pairs) > 500
    assert len(faster) < 0.03 * len(pairs)
