"""DeepSeek's export: its bill to the last digit, each line once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from r1plan.report.database import rows, sql
from r1plan.report.importers.deepseek import BILL_LINES, COST_LINES, DEEPSEEK
from tests.report.importers.loading import Loaded, load, raw_table
from tests.report.importers.made.deepseek import PRICES, Made, made

Records = Sequence[dict[str, str]]
DAY_US = 86_400_000_000
WHO = {"user_id": "u1", "utc_date": "2026-06-01", "model": "deepseek-chat", "api_key_name": "a", "api_key": "sk-1***2"}


def line(kind: str, amount: str, price: str = "", **other: str) -> dict[str, str]:
    return {**WHO, "type": kind, "price": price, "amount": amount, **other}


def cost(amount: str, currency: str = "USD", wallet: str = "Paid", **other: str) -> dict[str, str]:
    who = {name: value for name, value in WHO.items() if not name.startswith("api_key")}
    return {**who, "wallet_type": wallet, "cost": amount, "currency": currency, **other}


def only(loaded: Loaded) -> Any:
    (row,) = loaded.rows.values()
    return row


def day_of(record: dict[str, str]) -> int:
    text = record.get("start_time_iso") or record["utc_date"]
    at = datetime.fromisoformat(text)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return int(at.timestamp()) * 1_000_000


def slowly(records: Records) -> dict[tuple[int, str, str | None], dict[str, Any]]:
    """Each day × model × key of an amount file, added up line by line."""
    days: dict[tuple[int, str, str | None], dict[str, Any]] = defaultdict(lambda: defaultdict(lambda: None))
    names = {"input_cache_miss_tokens": "miss", "input_cache_hit_tokens": "hit", "output_tokens": "output"}
    for record in records:
        day = days[day_of(record), record["model"], record["api_key_name"] or None]
        name = names.get(record["type"], "requests")
        day[name] = (day[name] or 0) + int(record["amount"])
        if record["price"]:
            usd = Decimal(record["price"]) * int(record["amount"])
            day[f"{name}_usd"] = (day[f"{name}_usd"] or Decimal(0)) + usd
    return days


EXPORTS = {
    "as it is today": {"offset_hours": 8, "currency": "CNY"},
    "west of Greenwich": {"offset_hours": -5},
    "days of UTC": {},
    "days without dashes": {"day_format": "%Y%m%d"},
}


@pytest.mark.parametrize("form", EXPORTS.values(), ids=EXPORTS)
def test_an_amount_file_is_its_bill_to_the_last_digit(form: dict[str, Any]) -> None:
    for seed in range(5):
        export = made(seed, **form)
        loaded = load(DEEPSEEK, export.amounts, export.costs)
        expected = slowly(export.amounts)
        assert len(loaded.rows) == len(expected)
        for row in loaded.rows.values():
            day = expected[row["started_us"], row["model"], row["key"]]
            has_input = day["miss"] is not None or day["hit"] is not None
            assert row["span_us"] == DAY_US
            assert row["ended_us"] is None
            assert row["requests"] == day["requests"]
            assert row["input_tokens"] == ((day["miss"] or 0) + (day["hit"] or 0) if has_input else None)
            assert row["cache_hit_tokens"] == (day["hit"] or 0 if has_input else None)
            assert row["output_tokens"] == day["output"]
            assert row["thinking_tokens"] is None
            parts = [day[f"{name}_usd"] for name in ("miss", "hit", "output")]
            billed = [row[f"billed_{name}_usd"] for name in ("miss", "hit", "output")]
            assert billed == [0 if part is None and has_input and name < 2 else part for name, part in enumerate(parts)]
            known = [part for part in parts if part is not None]
            assert row["reported_usd"] == (sum(known) if known else None)
            assert row["currency"] == form.get("currency", "USD")
        # What the amounts come to is what the wallets paid.
        assert loaded.total("reported_usd") == sum(Decimal(each["cost"]) for each in export.costs)


@pytest.mark.parametrize("order", [1, -1], ids=["amounts first", "costs first"])
def test_amount_and_cost_files_together_are_paid_once(order: int) -> None:
    export = made(7)
    together = load(DEEPSEEK, *[export.amounts, export.costs][::order])
    assert together.total("reported_usd") == load(DEEPSEEK, export.costs).total("reported_usd")
    assert {row["currency"] for row in together.rows.values()} == {"USD"}


def test_overlapping_exports_count_a_day_once() -> None:
    whole = made(3, days=12)
    late = [each for each in whole.amounts if each["utc_date"] >= "2026-06-30"]
    dashless = [{**each, "utc_date": each["utc_date"].replace("-", "")} for each in late]
    again = load(DEEPSEEK, whole.amounts, dashless, whole.costs)
    assert again.rows == load(DEEPSEEK, whole.amounts, whole.costs).rows


def test_accounts_in_two_currencies_stay_apart() -> None:
    dollars, yuan = made(1, account="a"), made(1, account="b", currency="CNY")
    loaded = load(DEEPSEEK, dollars.amounts, yuan.amounts, dollars.costs, yuan.costs)
    for currency, export in (("USD", dollars), ("CNY", yuan)):
        of_it = [row["reported_usd"] for row in loaded.rows.values() if row["currency"] == currency]
        assert sum(each for each in of_it if each is not None) == sum(Decimal(each["cost"]) for each in export.costs)


def test_amounts_alone_name_no_currency() -> None:
    assert {row["currency"] for row in load(DEEPSEEK, made(2).amounts).rows.values()} == {None}


def test_costs_alone_are_money_without_tokens() -> None:
    loaded = load(DEEPSEEK, [cost("1.5000000000000000"), cost("0.25", wallet="Granted"), cost("7", "CNY")])
    found = {(row["currency"], row["tags"]): row["reported_usd"] for row in loaded.rows.values()}
    assert found == {
        ("USD", '{"wallet":"paid"}'): Decimal("1.5"),
        ("USD", '{"wallet":"granted"}'): Decimal("0.25"),
        ("CNY", '{"wallet":"paid"}'): Decimal(7),
    }
    for column in ("requests", "input_tokens", "cache_hit_tokens", "output_tokens"):
        assert {row[column] for row in loaded.rows.values()} == {None}
    assert loaded.traps == {"granted_balance": 1}


def test_a_day_in_two_currencies_has_no_one_currency() -> None:
    amounts = [line("output_tokens", "10", "0.001")]
    assert only(load(DEEPSEEK, amounts, [cost("0.01"), cost("0.02", "CNY")]))["currency"] is None


@pytest.mark.parametrize(
    ("lines", "tokens", "bills"),
    [
        pytest.param(
            [line("input_tokens", "100", "0.02"), line("output_tokens", "7", "0.3"), line("total_token", "107")],
            (100, None, 7),
            (None, None, "2.1", "4.1"),
            id="only the sum of the input",
        ),
        pytest.param(
            [
                *(line("input_tokens", "100", "0.02"), line("input_cache_hit_tokens", "30", "0.01")),
                *(line("input_cache_miss_tokens", "70", "0.02"), line("output_tokens", "7", "0.3")),
            ],
            (100, 30, 7),
            ("1.4", "0.3", "2.1", "3.8"),
            id="the sum beside its parts",
        ),
        pytest.param(
            [line("input_tokens", "100", "0.02"), line("input_cache_hit_tokens", "30", "0.01")],
            (100, 30, None),
            ("1.4", "0.3", None, "1.7"),
            id="the sum beside what was cached",
        ),
        pytest.param(
            [line("total_token", "107", "0.02"), line("output_tokens", "7")],
            (100, None, 7),
            (None, None, None, "2.14"),
            id="the sum of both billed",
        ),
        pytest.param([line("total_token", "107")], (None, None, None), (None,) * 4, id="no part of it"),
    ],
)
def test_the_sums_of_older_files_are_not_added_to_their_parts(
    lines: Records, tokens: tuple[int | None, ...], bills: tuple[str | None, ...]
) -> None:
    loaded = load(DEEPSEEK, lines)
    row = only(loaded)
    assert tuple(row[f"{name}_tokens"] for name in ("input", "cache_hit", "output")) == tokens
    names = ("billed_miss_usd", "billed_hit_usd", "billed_output_usd", "reported_usd")
    assert tuple(row[name] for name in names) == tuple(bill and Decimal(bill) for bill in bills)
    assert loaded.traps == {"sums_beside_parts": 1}


@pytest.mark.parametrize(
    ("amount", "price", "tokens", "usd"),
    [
        ("1,234,567", "0.000002", 1234567, "2.469134"),
        ('"1,234"', " 0.5 ", 1234, "617"),
        ("12", "0,000002", 12, "0.000024"),
        ("12.0", "2.5e-08", 12, "0.0000003"),
        ("54400", "0.000000003625", 54400, "0.0001972"),
        ("0", "", 0, "0"),
        ("9", "", 9, None),
    ],
)
def test_numbers_are_read_as_spreadsheets_write_them(amount: str, price: str, tokens: int, usd: str | None) -> None:
    row = only(load(DEEPSEEK, [line("output_tokens", amount, price)]))
    assert row["output_tokens"] == tokens
    assert row["reported_usd"] == (usd and Decimal(usd))


def test_what_cannot_be_read_is_counted_and_not_summed() -> None:
    loaded = load(
        DEEPSEEK,
        [
            *(line("output_tokens", "10", "0.1"), line("output_tokens", "-3", "0.1"), line("output_tokens", "many")),
            *(line("image_tokens", "10", "0.1"), line("output_tokens", "1", utc_date="soon")),
            line("output_tokens", "5", "-0.1"),
        ],
        [cost("1", utc_date=""), cost("n/a")],
    )
    assert only(loaded)["reported_usd"] == 1
    assert loaded.traps == {"unreadable_line": 6, "unknown_kind": 1}


@pytest.mark.parametrize("price", ["", "0"], ids=["no price", "a price of 0"])
def test_a_day_without_prices_is_billed_by_its_cost_line(price: str) -> None:
    amounts = [line("output_tokens", "22798", price), line("request_count", "26")]
    row = only(load(DEEPSEEK, amounts, [cost("0.10", "CNY"), cost("0.02", "CNY", "Granted")]))
    assert (row["reported_usd"], row["currency"], row["billed_output_usd"]) == (Decimal("0.12"), "CNY", None)


def test_two_keys_without_prices_share_no_cost_line() -> None:
    amounts = [line("output_tokens", "5"), line("output_tokens", "5", api_key_name="b")]
    loaded = load(DEEPSEEK, amounts, [cost("1")])
    assert [row["reported_usd"] for row in loaded.rows.values()] == [None, None]


def test_a_day_cut_at_another_midnight_is_said() -> None:
    beijing = timezone(timedelta(hours=8))
    start = datetime(2026, 7, 1, tzinfo=beijing)
    day = {"utc_date": "", "start_time_iso": start.isoformat(), "end_time_iso": (start + timedelta(days=1)).isoformat()}
    loaded = load(DEEPSEEK, [line("output_tokens", "1", "0.1", **day)])
    assert only(loaded)["started_us"] == int(datetime(2026, 6, 30, 16, tzinfo=UTC).timestamp()) * 1_000_000
    assert loaded.traps == {"days_not_utc": 1}


def test_neither_key_nor_user_reaches_a_row() -> None:
    loaded = load(DEEPSEEK, [line("output_tokens", "1", "0.1", user_id="me@example.org", api_key="sk-whole")])
    assert "sk-whole" not in str(loaded.rows)
    assert "example.org" not in str(loaded.rows)


def lines_of(statement: str, shape: int, records: Records) -> list[dict[str, Any]]:
    with duckdb.connect() as database:
        database.execute(sql("import"))
        raw_table(database, DEEPSEEK.shapes[shape], records)
        return rows(database, statement)


def test_bill_lines_are_every_line_with_its_own_price() -> None:
    export: Made = made(4)
    found = lines_of(BILL_LINES, 0, export.amounts)
    kinds = {"input_cache_miss_tokens": "miss", "input_cache_hit_tokens": "hit", "output_tokens": "output"}
    expected = [
        (
            *(day_of(each), each["model"], each["api_key_name"] or None, kinds.get(each["type"], "requests")),
            *(int(each["amount"]), Decimal(each["price"]) if each["price"] else None),
            Decimal(each["price"]) * int(each["amount"]) if each["price"] else None,
        )
        for each in export.amounts
    ]
    names = ("day_us", "model", "key", "kind", "tokens", "usd_per_token", "usd")
    assert sorted(map(str, expected)) != []
    assert sorted(tuple(map(str, each)) for each in _plain([tuple(row[n] for n in names) for row in found])) == sorted(
        tuple(map(str, each)) for each in _plain(expected)
    )
    assert len({row["account"] for row in found}) == 1
    assert max(len(PRICES["USD"][kind]) for kind in kinds) == 2


def _plain(found: Sequence[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return [tuple(value.normalize() if isinstance(value, Decimal) else value for value in each) for each in found]


def test_cost_lines_are_every_wallet() -> None:
    found = lines_of(COST_LINES, 1, [cost("1.5"), cost("2", "cny", "Granted")])
    assert [(row["wallet"], row["currency"], row["money"]) for row in found] == [
        ("paid", "USD", Decimal("1.5")),
        ("granted", "CNY", Decimal(2)),
    ]
