"""Why there is no price, what was odd in the numbers, and when a price changes, in words."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from r1plan.catalog.provider import Offer
from r1plan.market.quote import Absence, Quote
from r1plan.prices.changes import Change
from r1plan.prices.cost import cost_of
from r1plan.prices.schedule import EffectivePrice
from r1plan.prices.usage import Usage
from r1plan.render.prices.words import absence_hint, absence_text, basis_text, flag_text, rate_text, timing
from tests.prices.test_book import book, rates, row

AT = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
QUOTE = Quote(provider="p", provider_name="P", model="m", at=AT, offer=None)


def price(text: str, since: datetime | None, confidence: str = "high") -> EffectivePrice:
    found = book(row(text, since, confidence=confidence)).price_at("p", "m", AT)
    assert found is not None
    return found


UNVERIFIED = price("1 / 0.028 / 2", None)
ABSENCES: list[tuple[Quote, str]] = [
    (replace(QUOTE, absence="ended"), "P no longer serves 'm'."),
    (replace(QUOTE, absence="ended", since=AT), "P no longer serves 'm' (refused since 2026-11-24 12:00 UTC)."),
    (replace(QUOTE, absence="not_yet", since=AT), "P did not serve 'm' before 2026-11-24 12:00 UTC."),
    (replace(QUOTE, absence="no_price"), "no price of 'm' at P is known for 2026-11-24 12:00 UTC."),
    (
        replace(QUOTE, absence="no_price", unverified_prices=(UNVERIFIED,)),
        "no price of 'm' at P is known for 2026-11-24 12:00 UTC: 1.00/0.028/2.00 USD may have held, but its dates are "
        "not known well enough.",
    ),
]


@pytest.mark.parametrize(("quote", "text"), ABSENCES, ids=[text for _, text in ABSENCES])
def test_why_there_is_no_price_is_a_sentence(quote: Quote, text: str) -> None:
    assert absence_text(quote) == text


def test_every_absence_there_is_stands_in_the_table() -> None:
    assert {quote.absence for quote, _ in ABSENCES} == set(get_args(Absence))


def test_the_hint_names_who_sells_r1_or_where_to_look() -> None:
    assert absence_hint(QUOTE, ["a", "b"]) == "real R1 is sold by a, b (r1plan prices list --model r1)"
    assert absence_hint(QUOTE, []) == "r1plan prices list --provider p"


def test_the_hint_names_a_successor_and_its_launch_where_that_is_yet_to_come() -> None:
    ended = replace(QUOTE, offer=Offer(model="m", serves="x", is_r1=False, successor="n"))
    assert absence_hint(ended, []) == "'n' is its successor"
    launch = datetime(2026, 9, 10, 4, tzinfo=UTC)
    assert absence_hint(ended, [], launch) == "'n' is its successor from 2026-09-10 04:00 UTC on"


def test_a_flag_of_a_cost_has_its_sentence() -> None:
    odd = Usage(input_tokens=1, output_tokens=1, cache_hit_tokens=2, thinking_tokens=2)
    unknown = Usage(input_tokens=1, output_tokens=1)
    flags = {flag for usage in (odd, unknown) for flag in cost_of(usage, UNVERIFIED.per_token).flags}
    assert len(flags) == 3
    for flag in flags:
        assert flag_text(flag).endswith(("billed as fresh", "is not split"))


@pytest.mark.parametrize(
    ("hours", "text"),
    [
        pytest.param(1, "until 13:00 UTC, then no price is known", id="within a day"),
        pytest.param(24, "until Wed 25 Nov 12:00 UTC, then no price is known", id="within a week"),
        pytest.param(24 * 7, "until 2026-12-01 12:00 UTC, then no price is known", id="later"),
    ],
)
def test_when_a_price_changes_is_as_short_as_it_stays_clear(hours: int, text: str) -> None:
    dated = replace(QUOTE, price=price("1 / - / 2", JANUARY), change=Change(AT + timedelta(hours=hours), None))
    assert timing(dated) == text


def test_what_a_price_rests_on_is_one_sentence() -> None:
    assert basis_text(price("1 / - / 2", JANUARY)) == (
        "In force since 2026-01-01 00:00 UTC; checked 2026-11-23; confidence high."
    )
    assert basis_text(price("1 / - / 2", None, confidence="low")) == (
        "Start not verified; checked 2026-11-23; confidence low; low confidence."
    )


def test_rates_are_one_word_and_what_was_never_published_is_a_dash() -> None:
    assert rate_text(rates("0.3 / - / 12")) == "0.30/-/12.00"
