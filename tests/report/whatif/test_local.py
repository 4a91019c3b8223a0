"""The requests of a report on one's own machine: who keeps up, what its electricity is, and what cannot be there."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from r1plan.catalog.price import Currency
from r1plan.cli.options.machine import machine_from_options
from r1plan.cli.spend.local_world import local_question, option_here
from r1plan.hardware.machine import Machine
from r1plan.ledger.entry import UsageEntry
from r1plan.plan.month.demand import Demand
from r1plan.render.spend.worlds.document import what_if_fields
from r1plan.render.spend.worlds.words import what_if_text
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.whatif.option import LocalOption
from r1plan.report.whatif.target import WhatIfQuestion, parse_targets
from r1plan.report.whatif.values import WhatIf
from tests.prices.test_book import real_book

START = datetime(2025, 7, 1, tzinfo=UTC)
OptionOf = Callable[[str, Demand], LocalOption | None]


def asked(number: int, **changes: object) -> UsageEntry:
    """One of four requests a day."""
    end = START + timedelta(hours=6 * number, minutes=30)
    values: dict[str, object] = {
        "id": f"{number}", "started_at": end - timedelta(minutes=2), "first_token_at": None, "ended_at": end,
        "provider": "deepseek", "model_requested": "deepseek-reasoner", "model_served": None, "status": "ok",
        "input_tokens": 2_000, "cache_hit_tokens": 500, "output_tokens": 3_000, "thinking_tokens": 2_400,
    }  # fmt: skip
    return UsageEntry(**{**values, **changes})  # type: ignore[arg-type]


MONTH = [asked(number) for number in range(120)]


@cache
def described() -> Machine:
    return machine_from_options(gpu=["rtx-4090"], ram=64.0)


def desktop(typed: str, demand: Demand) -> LocalOption | None:
    return option_here(typed, demand, described())


def here(rows: list[UsageEntry], world: str, option_of: OptionOf = desktop, days: int = 30) -> WhatIf:
    question = WhatIfQuestion(
        targets=parse_targets([world], real_book()),
        local=replace(local_question("UTC"), option_of=option_of),
        within=(START, START + timedelta(days=days)),
    )
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_text("".join(entry.to_line() for entry in rows), encoding="utf-8")
        (found,) = spend_report(SpendQuestion([log], Period(), (), real_book(), what_if=question)).what_if
        return found


def test_a_desktop_keeps_up_with_four_requests_a_day_and_costs_its_electricity() -> None:
    found = here(MONTH, "local:32b:q4_k_m")
    work = found.local
    assert work is not None
    assert (found.target, found.movable_requests, work.machines_needed) == ("local:R1-Distill-Qwen-32B:Q4_K_M", 120, 1)
    assert found.cost_usd is not None
    assert found.low_usd is not None
    assert found.high_usd is not None
    assert 0 < found.low_usd < found.cost_usd <= found.high_usd
    # R1-0528, which answered, thinks 1.9 times as long as R1, and the distill, as far as is known, as long as R1: 120
    # times 1,860 tokens at 40 a second.
    assert work.busy_hours is not None
    assert work.busy_hours.low < work.busy_hours.mid < work.busy_hours.high
    assert 1 < work.busy_hours.mid < 2
    # What is drawn, at its price.
    assert work.kwh is not None
    assert work.usd_per_kwh is not None
    assert float(found.cost_usd) == pytest.approx(work.kwh * float(work.usd_per_kwh), rel=1e-4)
    assert found.instead_usd is not None
    assert found.saving_usd == found.instead_usd - found.cost_usd
    text = what_if_text(found, "USD")
    assert "It keeps up with 4 requests a day in the busiest hour" in text
    assert "$0.19 each" in text


def test_the_same_requests_in_half_the_time_wait_for_half_of_it() -> None:
    long, short = here(MONTH, "local:14b", days=60), here(MONTH, "local:14b", days=30)
    assert long.local is not None
    assert short.local is not None
    assert long.local.hours == 2 * short.local.hours
    assert long.cost_usd is not None
    assert short.cost_usd is not None
    assert short.cost_usd < long.cost_usd < 2 * short.cost_usd


def test_a_load_that_one_machine_cannot_serve_says_how_many_can_and_has_them_in_its_cost() -> None:
    long = {"output_tokens": 9_000, "thinking_tokens": 8_000}
    # All at one hour of each day.
    many = [asked(number, id=f"{number}/{copy}", **long) for number in range(0, 120, 4) for copy in range(60)]
    one, found = here(MONTH, "local:32b:q4_k_m"), here(many, "local:32b:q4_k_m")
    assert found.local is not None
    assert one.local is not None
    assert (found.local.machines_needed or 0) > 1
    assert found.local.served_per_day < found.local.asked_per_day
    assert (found.cost_usd or 0) > (one.cost_usd or 0)
    assert "It alone does not keep up with" in what_if_text(found, "USD")
    assert what_if_fields(found, "USD")["local"]["serves_all"] is False  # type: ignore[index]


def test_a_request_that_is_longer_than_the_context_stays() -> None:
    found = here([*MONTH, asked(500, input_tokens=10**6)], "local:32b:q4_k_m")
    assert found.movable_requests == 120
    assert [(each.reason, each.requests) for each in found.immovable] == [("context", 1)]


def test_what_came_to_no_end_stays_and_says_why() -> None:
    rows = [
        *MONTH, asked(200, status="aborted"), asked(201, status="failed"), asked(202, ended_at=None, status="started"),
        asked(203, output_tokens=None, thinking_tokens=None),
    ]  # fmt: skip
    found = here(rows, "local:32b:q4_k_m")
    assert found.movable_requests == 120
    assert {each.reason: each.requests for each in found.immovable} == {
        "aborted": 1, "failed": 1, "not_ended": 1, "tokens_unknown": 1,
    }  # fmt: skip


def test_where_an_own_cost_is_unknown_nothing_is_said_to_be_saved() -> None:
    found = here([*MONTH, asked(300, provider="nobody", model_requested="x")], "local:32b:q4_k_m")
    assert (found.movable_requests, found.instead_unknown_requests, found.saving_usd) == (121, 1, None)
    assert "and an unknown amount for 1 of them" in what_if_text(found, "USD")


def test_the_load_is_that_of_the_log_with_r1s_thinking() -> None:
    demands: list[Demand] = []

    def remembered(typed: str, demand: Demand) -> None:
        demands.append(demand)

    unsplit = [asked(number, id=f"u{number}", thinking_tokens=None) for number in range(30)]
    found = here([*MONTH, *unsplit], "local:x", remembered)
    (demand,) = demands
    assert demand.requests_per_day == pytest.approx(150 / 30)
    assert demand.mean("input_tokens") == pytest.approx(2000)
    assert demand.mean("cache_hit_tokens") == pytest.approx(500)
    # R1-0528 answered, and thinks 1.9 times as long.
    assert demand.mean("thinking_tokens") == pytest.approx(2400 / 1.9, rel=1e-3)
    assert demand.mean("answer_tokens") == pytest.approx(600)
    assert sum(demand.hour_shares) == pytest.approx(1)
    assert [(each.reason, each.requests) for each in found.immovable] == [("does_not_fit", 150)]
    assert "it does not fit into the machine" in what_if_text(found, "USD")


def test_a_day_added_up_counts_its_requests_and_not_its_hour() -> None:
    import duckdb

    from r1plan.catalog.priors import load_priors
    from r1plan.plan.month.assumed import demand_of
    from r1plan.plan.workload import Workload
    from r1plan.prices.book import PriceBook
    from r1plan.report.whatif.answers import Answers
    from r1plan.report.whatif.load import read_load
    from r1plan.report.whatif.worlds import world_prices

    database = duckdb.connect()
    at = int(START.timestamp()) * 10**6
    database.execute(
        "CREATE TABLE priced AS SELECT 'p' AS provider, 'm' AS model, NULL::VARCHAR AS price_id, "
        f"{at}::BIGINT AS started_us, NULL::BIGINT AS ended_us, 86400000000 AS span_us, 50 AS requests, "
        "'ok' AS status, "
        "100000::BIGINT AS input_tokens, 0::BIGINT AS cache_hit_tokens, 200000::BIGINT AS output_tokens, "
        "150000::BIGINT AS thinking_tokens, NULL::DECIMAL(38, 15) AS known_usd, false AS is_estimated"
    )
    book = PriceBook({}, {})
    until = START + timedelta(days=10)
    answers = Answers({}, book, [], world_prices(book, [], START, until))
    assumed = demand_of(Workload(), load_priors(), "UTC")
    load = read_load(database, answers, START, until, assumed)
    assert load is not None
    assert (load.requests, load.demand.requests_per_day) == (50, 5)
    assert [each.input_tokens for each in load.demand.lengths] == [2000]
    assert load.demand.hour_shares == assumed.hour_shares


def test_dollars_of_electricity_do_not_stand_beside_yuan() -> None:
    question = WhatIfQuestion(
        targets=parse_targets(["local:32b"], real_book()), local=replace(local_question("UTC"), option_of=desktop)
    )
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_text("".join(entry.to_line() for entry in MONTH), encoding="utf-8")
        accounts: dict[str, Currency] = {"deepseek": "CNY"}
        report = spend_report(
            SpendQuestion([log], Period(), (), real_book(), currency="CNY", accounts=accounts, what_if=question)
        )
        (found,) = report.what_if
    assert [(each.reason, each.requests) for each in found.immovable] == [("other_currency", 120)]
    assert found.cost_usd is None
