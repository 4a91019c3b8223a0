"""Text is read in the encodings in which editors and shells write it."""

from __future__ import annotations

import codecs

import pytest

from r1plan.files.text import decoded

TEXT = '{"model": "Xeon", "is": "größer"}\n'


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(TEXT.encode(), id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + TEXT.encode(), id="utf-8 with a mark"),
        pytest.param(codecs.BOM_UTF16_LE + TEXT.encode("utf-16-le"), id="PowerShell"),
        pytest.param(codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), id="big-endian"),
        pytest.param(TEXT.encode("utf-16-le"), id="utf-16 without a mark"),
        pytest.param(codecs.BOM_UTF32_LE + TEXT.encode("utf-32-le"), id="utf-32"),
    ],
)
def test_a_mark_or_zeros_say_which_unicode_it_is(content: bytes) -> None:
    assert decoded(content) == TEXT


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"\xff", "größer".encode("latin-1"), codecs.BOM_UTF8 + b"\xff"])
def test_what_is_no_text_is_refused(content: bytes) -> None:
    with pytest.raises(UnicodeDecodeError):
        decoded(content)


@pytest.mark.parametrize("content", [b"", codecs.BOM_UTF8, codecs.BOM_UTF16_LE])
def test_nothing_is_read_as_nothing(content: bytes) -> None:
    assert decoded(content) == ""
