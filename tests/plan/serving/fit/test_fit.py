"""The constants of servers are what a fit to the table gives, and how far they are off where a system is left out."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from r1plan.catalog.load import load_hardware
from r1plan.plan.serving.fit.design import made_of
from r1plan.plan.serving.fit.errors import Predicted, by_fit, error_lines, left_out, quantile
from r1plan.plan.serving.fit.rows import ServerRow
from r1plan.plan.serving.fit.solve import ServerFit, fitted
from r1plan.plan.serving.fit.write import module_text
from r1plan.plan.serving.fit.written import as_written
from r1plan.plan.serving.sharding import Parallel
from r1plan.plan.serving.speed.era import Era
from r1plan.plan.serving.speed.fitted import CONSTANTS, ERAS, SPREADS
from tests.plan.catalogue import MODELS
from tests.plan.serving.measured import made


@cache
def whole() -> ServerFit:
    return fitted(made())


@cache
def without(system: str) -> tuple[Predicted, ...]:
    return tuple(left_out(made(), lambda each: each.row.system, system))


def errors(predicted: tuple[Predicted, ...] | list[Predicted], kind: str = "") -> tuple[float, float]:
    """In the middle, and of the ninth in ten."""
    found = [each.error for each in predicted if kind in ("", each.made.row.era.kind)]
    return quantile(found, 0.5), quantile(found, 0.9)


def test_what_is_written_is_what_the_table_gives() -> None:
    fit = whole()
    for name, value in fit.constants.items():
        assert CONSTANTS[name][0] == pytest.approx(value, rel=2e-3), name
        assert CONSTANTS[name][1] == pytest.approx(fit.errors[name], rel=0.1), name
    assert {era: pytest.approx(factor, abs=2e-3) for era, factor in fit.eras.items()} == ERAS


def test_the_module_that_is_written_says_the_same() -> None:
    scope: dict[str, Any] = {}
    exec(module_text(whole(), {"dense": without("h100_sxm"), "mixture": without("b300_sxm")}), scope)
    assert scope["CONSTANTS"].keys() == CONSTANTS.keys()
    assert scope["ERAS"].keys() == ERAS.keys()
    assert scope["SPREADS"].keys() == SPREADS.keys()


@pytest.mark.parametrize(
    ("system", "kind", "median", "ninth"),
    [
        pytest.param("h100_sxm", "dense", 0.10, 0.33, id="h100"),
        pytest.param("b200_sxm", "dense", 0.09, 0.28, id="b200-dense"),
        # Of mixtures no other system has more than 31 rows, and those 31 of a version that reads prompts six times as
        # slowly as the one before.
        pytest.param("b300_sxm", "mixture", 0.27, 0.62, id="b300"),
    ],
)
def test_a_system_that_was_left_out_is_predicted_from_the_others(
    system: str, kind: str, median: float, ninth: float
) -> None:
    middle, most = errors(without(system), kind)
    assert middle <= median
    assert most <= ninth


def test_what_64_at_once_get_in_all_is_predicted_of_a_system_that_was_left_out() -> None:
    many = [each.total_error for each in without("h100_sxm") if each.made.row.at_once == 64]
    assert len(many) > 100
    assert quantile(many, 0.5) <= 0.12


def test_nearly_nine_in_ten_rows_of_a_version_that_was_left_out_lie_in_the_range_that_is_told() -> None:
    eras = sorted({each.row.era for each in made() if each.row.era.kind == "mixture"})
    predicted = [each for era in eras for each in left_out(made(), lambda each: each.row.era, era)]
    covered = sum(
        1 / (1 + SPREADS["mixture"]) <= each.token_s / each.made.row.token_s <= 1 + SPREADS["mixture"]
        for each in predicted
    )
    assert 0.85 <= covered / len(predicted) <= 0.95


def test_the_whole_table_is_reproduced_within_a_fifteenth_in_the_middle() -> None:
    middle, most = errors(by_fit(made(), whole()))
    assert middle <= 0.07
    assert most <= 0.21


def test_a_version_that_nobody_measured_takes_what_its_server_usually_does() -> None:
    row = next(each for each in made() if each.row.era.server == "sglang" and each.row.era.kind == "mixture")
    unknown = row._replace(row=row.row._replace(era=Era("sglang", "mixture", "9.9", "2030-01")))
    factors = sorted(factor for era, factor in ERAS.items() if era[:2] == ("sglang", "mixture"))
    usual = (factors[(len(factors) - 1) // 2] * factors[len(factors) // 2]) ** 0.5
    assert as_written().token_s(unknown) / as_written().token_s(row) == pytest.approx(usual / ERAS[row.row.era])


def test_the_public_sweep_of_r1_on_eight_h200_is_predicted() -> None:
    """SemiAnalysisAI/InferenceX issue 870: SGLang 0.5.7 with R1-0528 in FP8; H200 has no row in the table."""
    sweep = {8: 12.8e-3, 16: 17.2e-3, 32: 25.6e-3, 64: 34.6e-3}
    rows = [
        ServerRow(
            model="DeepSeek-R1",
            system="h200_sxm",
            card="h200-sxm-141gb",
            era=Era("sglang", "mixture", "0.5.7", ""),
            dtype="FP8",
            parallel=Parallel(8),
            prompt=1024,
            output=1024,
            at_once=at_once,
            first_token_s=0.5,
            token_s=token_s,
        )
        for at_once, token_s in sweep.items()
    ]
    found = [as_written().token_s(each) / each.row.token_s for each in made_of(rows, MODELS, load_hardware().gpus)]
    assert all(0.8 <= each <= 1.25 for each in found), found


def test_error_lines_are_of_each_group_in_order() -> None:
    lines = list(error_lines(by_fit(made(), whole()), lambda each: each.made.row.system))
    assert [line.group for line in lines] == ["b200_sxm", "b300_sxm", "gb200", "h100_sxm"]
    assert sum(line.rows for line in lines) == len(made())


@pytest.mark.parametrize(("level", "value"), [(0.0, 1.0), (0.5, 2.5), (0.9, 3.7), (1.0, 4.0)])
def test_a_quantile_lies_on_the_line_between_two_values(level: float, value: float) -> None:
    assert quantile([4.0, 1.0, 3.0, 2.0], level) == pytest.approx(value)
