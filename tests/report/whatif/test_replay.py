"""A replay equals a slow loop over the price book, and keeps what must hold of other worlds."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1plan.catalog.load import load_holidays, load_prices, load_providers
from r1plan.catalog.price import Currency
from r1plan.errors import NotFound, UsageError
from r1plan.ledger.entry import UsageEntry
from r1plan.prices.book import PriceBook
from r1plan.prices.cost import cost_of
from r1plan.prices.usage import Usage
from r1plan.report.period import Period
from r1plan.report.query import spend_report
from r1plan.report.question import SpendQuestion
from r1plan.report.whatif.target import WhatIfQuestion, parse_targets
from r1plan.report.whatif.values import WhatIf
from tests.prices.test_book import real_book
from tests.report.test_exact import EDGES, SECONDS, START

NAMES = [*sorted(real_book().names()), ("local", "r1-tiny")]
SELLERS = [
    ("deepseek", "deepseek-reasoner"),
    ("deepseek", "deepseek-flash"),
    ("together", "deepseek-ai/DeepSeek-R1"),
    ("google", "gemini-2.5-pro"),
    ("openai", "gpt-5"),
]
seconds = st.integers(0, SECONDS) | st.builds(lambda edge, off: edge + off, st.sampled_from(EDGES), st.integers(-1, 1))
tokens = st.integers(0, 3000) | st.sampled_from((8192, 8193, 65536, 65537, 200_000, 200_001)) | st.integers(0, 10**12)


@st.composite
def requests(draw: st.DrawFn) -> UsageEntry:
    ended_at = START + timedelta(seconds=draw(seconds), microseconds=draw(st.sampled_from((0, 1, 999_999))))
    provider, model = draw(st.sampled_from(SELLERS) | st.sampled_from(NAMES))
    return UsageEntry(
        id=draw(st.uuids()).hex,
        started_at=ended_at - timedelta(seconds=draw(st.integers(0, 4000))),
        first_token_at=None,
        ended_at=ended_at,
        provider=provider,
        model_requested=model,
        model_served=None,
        status=draw(st.sampled_from(("ok", "length", "aborted", "failed"))),
        input_tokens=draw(st.none() | tokens),
        cache_hit_tokens=draw(st.none() | tokens),
        output_tokens=draw(st.none() | tokens),
        thinking_tokens=draw(st.none() | tokens),
    )


def replayed(
    rows: list[UsageEntry],
    *worlds: str,
    book: PriceBook | None = None,
    at: datetime | None = None,
    finds_prefixes: frozenset[str] = frozenset(),
    yuan: bool = False,
) -> list[WhatIf]:
    """What `rows` had cost in `worlds`; `yuan`: at DeepSeek's accounts that are billed in it."""
    book = yuan_book() if yuan else book or real_book()
    accounts: dict[str, Currency] = {"deepseek": "CNY"} if yuan else {}
    with TemporaryDirectory() as folder:
        log = Path(folder) / "log.jsonl"
        log.write_text("".join(entry.to_line() for entry in rows))
        question = WhatIfQuestion(targets=parse_targets(worlds, book), as_of=at, finds_prefixes=finds_prefixes)
        report = spend_report(
            SpendQuestion(
                [log], Period(), (), book, currency="CNY" if yuan else "USD", accounts=accounts, what_if=question
            )
        )
        return list(report.what_if)


@cache
def yuan_book() -> PriceBook:
    return PriceBook(load_prices(), load_holidays(), {"deepseek": "CNY"})


def usage(entry: UsageEntry) -> Usage:
    return Usage(
        input_tokens=entry.input_tokens or 0,
        output_tokens=entry.output_tokens or 0,
        cache_hit_tokens=entry.cache_hit_tokens,
        thinking_tokens=entry.thinking_tokens,
    )


def one_by_one(
    rows: list[UsageEntry], seller: tuple[str, str], at: datetime | None, currency: Currency = "USD"
) -> tuple[int, Decimal | None, dict[str, int]]:
    """The same by PriceBook.price_at and cost_of: how many move, what they cost, and why the others do not."""
    book = real_book() if currency == "USD" else yuan_book()
    book = book if at is None else book.as_of(at)
    number, cost, stays = 0, Decimal(0), dict[str, int]()
    for entry in rows:
        price = book.price_at(*seller, entry.placed_at, entry.input_tokens or 0)
        used = usage(entry)
        reason: str | None = None
        if entry.status in ("aborted", "failed"):
            reason = entry.status
        elif entry.input_tokens is None or entry.output_tokens is None:
            reason = "tokens_unknown"
        elif price is None:
            reason = "no_price"
        elif price.currency != currency:
            reason = "other_currency"
        elif (entry.provider, entry.model_requested) != seller:
            if price.context_tokens is not None and used.input_tokens + used.output_tokens > price.context_tokens:
                reason = "context"
            elif price.max_output_tokens is not None and used.output_tokens > price.max_output_tokens:
                reason = "output"
        if reason is not None:
            stays[reason] = stays.get(reason, 0) + 1
        elif price is not None:
            number += 1
            cost += cost_of(used, price.per_token).total_usd
    return number, cost if number else None, stays


@settings(max_examples=25, deadline=None)
@given(
    st.lists(requests(), min_size=1, max_size=25),
    st.sampled_from((None, *(START + timedelta(seconds=edge) for edge in EDGES))),
)
def test_every_seller_costs_what_the_price_book_says_request_by_request(
    rows: list[UsageEntry], at: datetime | None
) -> None:
    found = replayed(rows, *("/".join(each) for each in SELLERS), at=at)
    for seller, world in zip(SELLERS, found, strict=True):
        stays = {each.reason: each.requests for each in world.immovable}
        assert (world.movable_requests, world.cost_usd, stays) == one_by_one(rows, seller, at)


@settings(max_examples=5, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=25))
def test_an_account_in_yuan_is_replayed_in_yuan_and_never_beside_dollars(rows: list[UsageEntry]) -> None:
    own = [entry for entry in rows if entry.provider == "deepseek"]
    worlds = [seller for seller in SELLERS if seller[0] in ("deepseek", "openai")]
    found = replayed(rows, *("/".join(each) for each in worlds), "no-cache", "off-peak", yuan=True)
    for seller, world in zip(worlds, found, strict=False):
        stays = {each.reason: each.requests for each in world.immovable}
        assert (world.movable_requests, world.cost_usd, stays) == one_by_one(own, seller, None, "CNY")
    none, quiet = found[-2:]
    assert (none.saving_usd or 0) <= 0 <= (quiet.saving_usd or 0)
    # The same tokens in dollars are another sum, and of other accounts.
    assert sum(each.movable_requests + each.immovable_requests for each in found[:1]) == len(own)


def test_yuan_are_those_of_the_page_in_chinese() -> None:
    # A million fresh tokens cost 4 yuan, cached 1, output 16; from 00:30 to 08:30 in Peking a quarter of each.
    no_cache, quiet = replayed([asked("2025-03-02T12:00+00:00")], "no-cache", "off-peak", yuan=True)
    assert no_cache.instead_usd == Decimal("0.6") * 4 + Decimal("0.4") * 1 + Decimal("0.06") * 16
    assert no_cache.cost_usd == 1 * 4 + Decimal("0.06") * 16
    assert quiet.cost_usd == Decimal("0.6") * 1 + Decimal("0.4") * Decimal("0.25") + Decimal("0.06") * 4


@settings(max_examples=15, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=25), st.integers(0, 4000))
def test_less_cache_costs_no_less_and_quiet_hours_and_less_thinking_cost_no_more(
    rows: list[UsageEntry], cap: int
) -> None:
    none, quiet, some, more, nothing_spared = replayed(
        rows, "no-cache", "off-peak", f"max-thinking:{cap}", f"max-thinking:{cap + 500}", "max-thinking:1000000000"
    )
    for world in (none, quiet, some, more):
        assert world.low_usd == world.high_usd == world.cost_usd
    assert (none.saving_usd or 0) <= 0
    assert (quiet.saving_usd or 0) >= 0
    assert (some.saving_usd or 0) >= (more.saving_usd or 0) >= (nothing_spared.saving_usd or 0) >= 0


@settings(max_examples=15, deadline=None)
@given(st.lists(requests(), min_size=1, max_size=15), st.sampled_from(SELLERS))
def test_moving_to_where_they_were_changes_nothing_to_the_last_digit(
    rows: list[UsageEntry], seller: tuple[str, str]
) -> None:
    own = [entry for entry in rows if (entry.provider, entry.model_requested) == seller]
    if own:
        (world,) = replayed(own, "/".join(seller))
        assert (world.cost_usd, world.low_usd, world.high_usd) == (world.instead_usd,) * 3
        assert not world.saving_usd


def asked(at: str, **changes: object) -> UsageEntry:
    end = datetime.fromisoformat(at)
    values: dict[str, object] = {
        "id": at, "started_at": end - timedelta(minutes=2), "first_token_at": None, "ended_at": end,
        "provider": "deepseek", "model_requested": "deepseek-reasoner", "model_served": None, "status": "ok",
        "input_tokens": 1_000_000, "cache_hit_tokens": 400_000, "output_tokens": 60_000, "thinking_tokens": 50_000,
    }  # fmt: skip
    return UsageEntry(**{**values, **changes})  # type: ignore[arg-type]


# Rates from DeepSeek's page: 0.55 / 0.14 / 2.19 by day, 0.135 / 0.035 / 0.55 from 16:30 to 00:30 UTC.
DAY = asked("2025-07-02T12:00+00:00")


@pytest.mark.parametrize(
    ("world", "usd"),
    [
        pytest.param("no-cache", "0.6814", id="hits-as-misses"),  # 1 x 0.55 + 0.06 x 2.19
        pytest.param("off-peak", "0.128", id="the-quiet-tier"),  # 0.6 x 0.135 + 0.4 x 0.035 + 0.06 x 0.55
        pytest.param("max-thinking:20000", "0.4517", id="30,000-not-thought"),  # 0.6 x 0.55 + 0.4 x 0.14 + 0.03 x 2.19
        pytest.param("max-thinking:50000", "0.5174", id="none-spared"),
    ],
)
def test_a_world_of_ones_own_seller_costs_what_the_page_says(world: str, usd: str) -> None:
    (found,) = replayed([DAY], world)
    assert (found.cost_usd, found.instead_usd) == (Decimal(usd), Decimal("0.5174"))
    assert found.saving_usd == Decimal("0.5174") - Decimal(usd)


@pytest.mark.parametrize(
    ("entry", "world", "reason"),
    [
        pytest.param(asked("2025-10-02T12:00+00:00"), "off-peak", "no_clock", id="no-quiet-hours-then"),
        pytest.param(replace(DAY, thinking_tokens=None), "max-thinking:9", "thinking_unknown", id="not-split"),
        pytest.param(asked("2025-07-02T12:00+00:00", provider="local"), "no-cache", "local", id="answered-here"),
        pytest.param(asked("2025-07-02T12:00+00:00", ended_at=None), "no-cache", "not_ended", id="no-end"),
        pytest.param(asked("2026-09-02T12:00+00:00"), "no-cache", "no_price", id="gone"),
    ],
)  # fmt: skip
def test_what_cannot_be_there_is_listed_with_why(entry: UsageEntry, world: str, reason: str) -> None:
    (found,) = replayed([entry], world)
    assert [(each.reason, each.requests) for each in found.immovable] == [(reason, 1)]
    assert (found.movable_requests, found.cost_usd, found.saving_usd) == (0, None, None)


def test_all_sellers_hold_each_one_and_the_most_is_saved_first() -> None:
    rows = [
        asked("2025-07-02T12:00+00:00", input_tokens=1000, cache_hit_tokens=400, output_tokens=900, thinking_tokens=500)
    ]
    found = replayed(rows, "all")
    assert len(found) > 3
    savings = [each.saving_usd or Decimal(0) for each in found]
    assert savings == sorted(savings, reverse=True)
    for each in found:
        (single,) = replayed(rows, each.target)
        assert (single.cost_usd, single.low_usd, single.high_usd) == (each.cost_usd, each.low_usd, each.high_usd)


def test_an_unknown_cache_is_bounded_by_no_hit_and_by_as_many() -> None:
    row = asked(
        "2026-11-02T12:00+00:00",
        model_requested="deepseek-flash",
        input_tokens=1000,
        cache_hit_tokens=400,
        output_tokens=0,
    )
    price = real_book().price_at("novita", "deepseek/deepseek-r1-0528", row.placed_at)
    assert price is not None
    (found,) = replayed([row], "novita/deepseek-r1-0528")
    rates = price.per_token
    assert found.low_usd == found.cost_usd == 600 * rates.miss + 400 * rates.hit
    assert found.high_usd == 1000 * rates.miss
    assert "hits_there" in {each.that for each in found.assumptions}


@pytest.mark.parametrize(
    ("number", "project", "that"),
    [
        pytest.param(20, "p", "own_thinking_ratio", id="enough"),
        pytest.param(19, "p", "same_thinking", id="too-few"),
        pytest.param(20, "q", "same_thinking", id="of-another-project"),
    ],
)
def test_a_log_with_both_models_says_how_much_longer_one_thinks(number: int, project: str, that: str) -> None:
    tokens = {"input_tokens": 100, "cache_hit_tokens": 0, "output_tokens": 9_000}
    here = [
        asked("2026-11-02T12:00+00:00", id=f"h{each}", model_requested="deepseek-flash", project="p",
              thinking_tokens=1_000 + each % 2, **tokens)
        for each in range(20)
    ]  # fmt: skip
    there = [
        asked("2026-11-02T12:00+00:00", id=f"t{each}", provider="openai", model_requested="gpt-6.1-sol",
              project=project, thinking_tokens=3_001 + each % 2 * 1, **tokens)
        for each in range(number)
    ]  # fmt: skip
    (found,) = replayed([*here, *there], "openai/gpt-6.1-sol")
    assumed = {each.that: each for each in found.assumptions}
    assert that in assumed
    price = real_book().price_at("openai", "gpt-6.1-sol", datetime.fromisoformat("2026-11-02T12:00+00:00"))
    assert price is not None
    assert found.low_usd == found.cost_usd
    assert found.cost_usd is not None
    more = Decimal(0)
    if that == "own_thinking_ratio":
        # 3,001.5 tokens over 1,000.5, to four digits; 20 requests wrote 20,010 tokens of thinking.
        assert (assumed[that].ratio, assumed[that].requests) == (Decimal("3.0000"), 20)
        more = 20_010 * price.per_token.output * 2
    assert found.high_usd == found.cost_usd + more


def test_caches_that_find_prefixes_by_themselves_find_the_same() -> None:
    row = asked("2025-07-02T12:00+00:00", input_tokens=1000, cache_hit_tokens=400, output_tokens=9, thinking_tokens=5)
    (unsure,) = replayed([row], "openai/o3")
    (alike,) = replayed([row], "openai/o3", finds_prefixes=frozenset({"openai", "deepseek"}))
    assert unsure.low_usd == alike.low_usd == alike.high_usd != unsure.high_usd
    assert {"same_hits"} <= {each.that for each in alike.assumptions}


def test_the_catalogue_says_of_five_providers_that_their_caches_find_prefixes() -> None:
    found = {each.id for each in load_providers().values() if each.finds_prefixes}
    assert found == {"deepseek", "fireworks", "google", "llama-server", "openai"}


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("nothing", UsageError), ("max-thinking", UsageError), ("max-thinking:-1", UsageError), ("all:x", UsageError),
        ("nobody/r1", NotFound), ("deepseek/o3", NotFound), ("local:", UsageError), ("local", UsageError),
    ],
)  # fmt: skip
def test_what_is_no_world_is_said(text: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        parse_targets([text], real_book())


def test_a_world_asked_for_twice_is_one() -> None:
    texts = ("DeepSeek/deepseek-reasoner", "deepseek/deepseek-reasoner", "MAX-thinking:4k", "max-thinking:4,000")
    assert [each.asked for each in parse_targets(texts, real_book())] == [
        "deepseek/deepseek-reasoner",
        "max-thinking:4000",
    ]
