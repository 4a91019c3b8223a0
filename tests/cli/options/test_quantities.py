"""Sizes, rates and numbers of tokens mean what people mean who write them."""

from __future__ import annotations

import pytest

from r1plan.cli.options.quantities import (
    dollars,
    rate_gb_s,
    refuse_other_money,
    seconds,
    size_gib,
    thousands,
    token_number,
)
from r1plan.errors import UsageError


@pytest.mark.parametrize(
    ("text", "gib"),
    [
        *(("24GB", 24), ("24G", 24), ("24 GiB", 24), ("24gb", 24), (" 24 gib ", 24), ("0.5TB", 512), ("2T", 2048)),
        *(("1.5TiB", 1536), ("600MiB", 600 / 1024), ("24576MB", 24), ("512m", 0.5), (".5TB", 512), ("0GB", 0)),
        *(
            (each, None)
            for each in ("24", "24XB", "GB", "", "24GB/s", "24KB", "-24GB", "1_0GB", "٢GB", "2 4GB", "24Gi")
        ),
        *((each, None) for each in ("nanGB", "1e3GB", "24GBGB", "24,5GB", "0x1GB", "24Gb ps", "9" * 16 + "GB")),
    ],
)
def test_gb_and_gib_of_memory_are_gib(text: str, gib: float | None) -> None:
    assert size_gib(text) == gib


@pytest.mark.parametrize(
    ("text", "gb_s"),
    [
        *(("936GB/s", 936), ("936 GB/s", 936), ("936GBps", 936), ("936G", 936), ("936GB", 936), ("936gb/s", 936)),
        *(("1.8TB/s", 1800), ("1.008 TB/s", 1008), ("8T", 8000), ("936000MB/s", 936), ("460.8GB/S", 460.8)),
        *((each, None) for each in ("936", "14Gb/s", "14Gbps", "GB/s", "", "936GB/h", "936 GT/s", "-1GB/s", "nanGB/s")),
    ],
)
def test_a_bandwidth_is_in_powers_of_ten_and_never_in_bits(text: str, gb_s: float | None) -> None:
    assert rate_gb_s(text) == gb_s


@pytest.mark.parametrize(
    ("text", "context", "amount"),
    [
        *(("32k", 32768, 32000), ("32K", 32768, 32000), ("160k", 163840, 160000), ("128 k", 131072, 128000)),
        *(("8k", 8192, 8000), ("4k", 4096, 4000), ("100k", 100_000, 100_000), ("40k", 40_000, 40_000)),
        *(("1.5k", 1500, 1500), ("0.5k", 500, 500), ("1M", 1 << 20, 1_000_000), ("600M", 600_000_000, 600_000_000)),
        *(("33k", 33_000, 33_000), ("31k", 31_000, 31_000), ("32k tokens", 32768, 32000), ("500 tok", 500, 500)),
        *(
            (each, None, None)
            for each in ("1.0", "1.0005k", "k", "", "-1k", "1kk", "32kB", "nan", "1_0k", "9" * 15 + "M")
        ),
    ],
)
def test_a_k_is_1024_only_where_the_sizes_of_contexts_are_written_so(
    text: str, context: int | None, amount: int | None
) -> None:
    assert token_number(text, of_context=True) == context
    assert token_number(text, of_context=False) == amount


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(("2s", 2), ("500ms", 0.5), ("1.5 min", 90), ("10m", 600), ("2h", 7200), ("3 seconds", 3), ("1 HOUR", 3600)),
        *((each, None) for each in ("2", "s", "", "-2s", "2 days", "nan s", "1_0s", "2ss")),
    ],
)
def test_a_time_has_a_unit_of_its_own(text: str, found: float | None) -> None:
    assert seconds(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        *(("$2.50", 2.5), ("2.50 USD", 2.5), ("$ 2", 2), ("3usd", 3), ("$.5", 0.5)),
        *((each, None) for each in ("2.50", "", "$", "-$2", "$-2", "2,50 USD", "$1e3", "2 EUR")),
    ],
)
def test_dollars_are_those_that_say_so(text: str, found: float | None) -> None:
    assert dollars(text) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [("10k", 1e4), ("1.5M", 1.5e6), ("2 K", 2e3), ("10", None), ("k", None), ("-1k", None), ("1kk", None)],
)
def test_a_k_of_requests_is_a_thousand(text: str, found: float | None) -> None:
    assert thousands(text) == found


@pytest.mark.parametrize("text", ["15CNY", "\u20ac2.50", "2,50 euros", "\u00a53", "CN\u00a515", "20 rmb", "GBP 3"])
def test_other_money_is_refused_by_name(text: str) -> None:
    with pytest.raises(UsageError, match="prices of a machine are in US dollars"):
        refuse_other_money("--gpu-hour", text)


@pytest.mark.parametrize("text", ["nan1", "24XB", "two", "", "$2.50", "2.50 USD", "1,5"])
def test_what_is_no_money_is_not_called_other_money(text: str) -> None:
    refuse_other_money("--gpu-hour", text)
