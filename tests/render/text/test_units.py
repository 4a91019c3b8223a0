"""Times to wait, in words."""

from __future__ import annotations

import pytest

from r1plan.render.text.units import duration, plain, rate, short_duration


@pytest.mark.parametrize(
    ("seconds", "words", "short"),
    [
        (0.04, "0.1 seconds", "0.1 s"),
        (0.3, "0.3 seconds", "0.3 s"),
        (0.96, "1 second", "1 s"),
        (12.4, "12 seconds", "12 s"),
        (59.4, "59 seconds", "59 s"),
        (59.6, "1 minute", "1 min"),
        (137, "2.3 minutes", "2.3 min"),
        (9.94 * 60, "9.9 minutes", "9.9 min"),
        (9.96 * 60, "10 minutes", "10 min"),
        (99.4 * 60, "99 minutes", "99 min"),
        (99.6 * 60, "1.7 hours", "1.7 h"),
        (47.4 * 3600, "47 hours", "47 h"),
        (47.6 * 3600, "2 days", "2 d"),
        (2_000 * 86_400, "2,000 days", "2,000 d"),
    ],
)
def test_a_time_is_told_in_the_unit_that_says_it_shortest(seconds: float, words: str, short: str) -> None:
    assert (duration(seconds), short_duration(seconds)) == (words, short)


@pytest.mark.parametrize(
    ("tok_s", "text"),
    [(0.054, "0.05"), (0.994, "0.99"), (1.0, "1.0"), (9.94, "9.9"), (9.96, "10"), (127.4, "127"), (2195.4, "2,195")],
)
def test_a_speed_has_the_digits_that_it_is_known_to(tok_s: float, text: str) -> None:
    assert rate(tok_s) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [(0.0, "0"), (0.000012, "0.000012"), (0.5, "0.5"), (10.94, "10.9"), (999.7, "1,000"), (1e12, "1,000,000,000,000")],
)
def test_a_number_never_has_an_exponent(number: float, text: str) -> None:
    assert plain(number) == text
