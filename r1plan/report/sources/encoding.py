"""Text in other encodings as UTF-8."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import BinaryIO

_CHUNK_BYTES = 1 << 20


def is_utf8(file: Path) -> bool:
    """Whether all of `file` is UTF-8."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    with file.open("rb") as stream:
        try:
            while chunk := stream.read(_CHUNK_BYTES):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def lines_to_utf8(stream: BinaryIO, target: BinaryIO) -> None:
    """Write the lines of `stream` into `target` as UTF-8: those that are none are read as Latin-1."""
    for line in stream:
        try:
            line.decode()
        except UnicodeDecodeError:
            target.write(line.decode("cp1252", "replace").encode())
        else:
            target.write(line)


def to_utf8(stream: BinaryIO, encoding: str, target: BinaryIO) -> None:
    """Write the text of `stream` into `target` as UTF-8, without a mark; what is none is U+FFFD."""
    decoder = codecs.getincrementaldecoder(encoding)("replace")
    is_first = True
    while chunk := stream.read(_CHUNK_BYTES):
        text = decoder.decode(chunk)
        if is_first and text:
            text, is_first = text.removeprefix("\ufeff"), False
        target.write(text.encode("utf-8", "replace"))
    target.write(decoder.decode(b"", final=True).encode("utf-8", "replace"))
