"""Names of projects: spellings that a person takes for the same are the same, and others are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1plan.project_name import project_key

SAME = {
    "case": ("Secret", "secret"),
    "blanks around it": ("secret", "  secret\t"),
    "a line's end": ("secret", "secret\n"),
    "full-width letters": ("secret", "ｓｅｃｒｅｔ"),
    "a ligature": ("office", "oﬃce"),
    "letters that fold to two": ("STRASSE", "straße"),
    "an accent of its own": ("caf\u00e9", "cafe\u0301"),
    "the kelvin sign": ("K", "\u212a"),
    "a blank that does not break": ("my secret", "my\u00a0secret"),
    "two blanks": ("my secret", "my  secret"),
    "an ideographic blank around it": ("secret", "\u3000secret"),
    "a joiner without width": ("secret", "sec\u200bret"),
    "a byte order mark": ("secret", "\ufeffsecret"),
    "a soft hyphen": ("secret", "se\u00adcret"),
    "Greek sigmas": ("ΟΔΟΣ", "οδος"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=list(SAME))
def test_spellings_of_one_project_have_one_key(one: str, other: str) -> None:
    assert project_key(one) == project_key(other)


@pytest.mark.parametrize(
    ("one", "other"), [("secret", "secrets"), ("a b", "ab"), ("cafe", "café"), ("a-b", "a_b"), ("", "a")]
)
def test_other_names_have_other_keys(one: str, other: str) -> None:
    assert project_key(one) != project_key(other)


@given(st.text())
def test_the_key_of_a_key_is_itself_whatever_the_name(name: str) -> None:
    key = project_key(name)

    assert project_key(key) == key
    assert project_key(name.upper().lower()) == project_key(name.upper())
