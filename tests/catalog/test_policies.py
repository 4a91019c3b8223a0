"""Routing policies and what forecasts assume: ours, and the user's laid over them."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.cache import cached
from r1plan.catalog.load import load_routes
from r1plan.catalog.policy import PolicyLimits, Rule, When
from r1plan.catalog.price import Window
from r1plan.catalog.priors import Priors, load_priors
from r1plan.catalog.reading.files import files_of
from r1plan.catalog.reading.validate import load_file
from r1plan.errors import CatalogError

MINE = """
id: mine
description: Code at home by night, else what is cheap.
objective: cost
accepts: [r1, distill]
limits: {max_p90_usd: '0.05', max_p90_s: 120, min_context_tokens: 64000}
rules:
  - when: {kinds: [code], hours_utc: {start: '22:00', end: '06:00'}, projects: [shop]}
    route: private
    note: at home by night
  - when: {languages: [zh], min_prompt_tokens: 1000}
    only: [deepseek]
"""


def written(home: Path, text: str, name: str = "mine", folder: str = "profiles/routes") -> None:
    path = home / "config" / folder / f"{name}.yaml"
    path.parent.mkdir(parents=True)
    path.write_text(text, encoding="utf-8")


def test_a_users_route_lies_beside_ours(home: Path) -> None:
    written(home, MINE)
    routes = load_routes()
    assert set(routes) == {"cheapest", "fastest", "local-first", "private", "quality", "r1", "mine"}
    mine = routes["mine"]
    assert mine.limits == PolicyLimits(max_p90_usd=Decimal("0.05"), max_p90_s=120, min_context_tokens=64_000)
    assert mine.rules[0] == Rule(
        when=When(kinds=("code",), projects=("shop",), hours_utc=Window(start=time(22), end=time(6))),
        route="private",
        note="at home by night",
    )


def test_a_users_route_of_our_name_replaces_ours(home: Path) -> None:
    written(home, MINE.replace("id: mine", "id: cheapest"))
    assert load_routes()["cheapest"].accepts == ("r1", "distill")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param("route: private", "route: privat", "expected one of", id="unknown-route"),
        pytest.param("[r1, distill]", "[r2]", "accepts", id="unknown-family"),
        pytest.param("'0.05'", "0.05", "in quotes", id="money-without-quotes"),
        pytest.param("'22:00'", "'25:00'", "expected a time such as 16:30", id="no-time"),
        pytest.param("objective: cost", "objectiv: cost", "unknown field 'objectiv'", id="misspelt"),
        pytest.param("max_p90_s: 120", "max_p90_s: 0", "more than 0", id="no-seconds"),
    ],
)
def test_a_wrong_route_is_named_with_field_and_value(home: Path, old: str, new: str, said: str) -> None:
    written(home, MINE.replace(old, new))
    with pytest.raises(CatalogError, match=said) as raised:
        load_routes()
    assert raised.value.message.startswith("profiles/routes/mine.yaml")


def test_what_is_assumed_has_a_basis_a_source_and_something_for_every_model_and_kind() -> None:
    priors = load_priors()
    assert ("*", "*") in {(each.model, each.kind) for each in priors.lengths}
    assert all(each.source for each in priors.lengths)
    assert [each.within_s for each in priors.cache] == sorted(each.within_s for each in priors.cache)
    assert all(0 <= each.chance <= 1 for each in priors.cache)
    assert priors.power.usd_per_kwh == Decimal("0.1883")


def test_the_stored_copy_of_what_is_assumed_equals_what_was_read() -> None:
    files = files_of("profiles", stem="forecast")
    read = load_file(Priors, files[-1])
    later_ns = 2**62  # by then every file has settled
    assert cached("forecast", Priors, files, lambda: read, later_ns) == read
    copied = load_priors()
    assert copied is not read
    assert copied == read


def test_a_users_assumptions_replace_ours(home: Path) -> None:
    ours = (Path(__file__).parents[2] / "profiles" / "forecast.yaml").read_text("utf-8")
    written(home, ours.replace("'0.1883'", "'0.30'"), "forecast", "profiles")
    changed = load_priors()
    assert changed.power.usd_per_kwh == Decimal("0.30")
    assert replace(changed.power, usd_per_kwh=Decimal("0.1883")).watts == 150
