"""The README's pictures cannot lie: they are what the program shows, and they load nothing."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests import browser, pictures, png, readme
from tests.pictures import SCENES, SCHEMES, PaintedScreen, Scene

README = readme.README.read_text(encoding="utf-8")
DRAWINGS = [pictures.file_of(scene.name, scheme) for scene in SCENES for scheme in SCHEMES]
PHOTOGRAPHS = [pictures.file_of("page", scheme) for scheme in SCHEMES]


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_drawing_is_what_its_command_shows_on_a_terminal(scene: Scene, tmp_path: Path) -> None:
    readme.furnish(tmp_path)
    text = pictures.shown(scene, tmp_path)
    for scheme in SCHEMES:
        drawn = pictures.file_of(scene.name, scheme).read_text(encoding="utf-8")
        assert drawn == pictures.drawn(text, scheme), "make readme draws it anew"


@pytest.mark.skipif(browser.PROGRAM is None, reason=browser.MISSING)  # who cannot take them anew is not asked to
def test_the_photographs_are_of_the_page_as_it_is(tmp_path: Path) -> None:
    page = pictures.page(tmp_path)
    assert pictures.DIGEST.read_text() == f"{pictures.digest(page)}\n", "make readme takes them anew, with Chromium"
    assert '<section aria-labelledby="rejected"' in page
    assert 'id="api"' not in page  # its prices are this hour's


@pytest.mark.parametrize("path", DRAWINGS, ids=lambda path: path.name)
def test_a_drawing_is_small_and_asks_for_nothing(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    root = ElementTree.fromstring(text)
    assert len(text) < 30_000
    assert "@font-face" not in text
    assert re.findall(r"https?:[^\"')]+", text) == ["http://www.w3.org/2000/svg"]
    assert {each.tag.partition("}")[2] for each in root.iter()} <= {
        *("svg", "style", "defs", "clipPath", "rect", "g", "text")
    }
    assert all(value.startswith("url(#") for each in root.iter() for value in each.attrib.values() if "url(" in value)


@pytest.mark.parametrize("path", PHOTOGRAPHS, ids=lambda path: path.name)
def test_a_photograph_is_small_and_as_wide_as_the_readme_shows_it(path: Path) -> None:
    data = path.read_bytes()
    assert len(data) < 160_000
    width, height = png.size(data)
    assert width == pictures.PHOTOGRAPH_WIDTH
    assert 600 < height < 1600


def test_the_readme_shows_every_picture_by_day_and_by_night_and_in_words() -> None:
    shown = re.findall(
        r'<picture>\n  <source media="\(prefers-color-scheme: dark\)" srcset="docs/pictures/([\w.-]+)">\n'
        r'  <img src="docs/pictures/([\w.-]+)" alt="([^"]{30,})">\n</picture>\n',
        README,
    )
    assert [night.replace("-dark.", "-light.") for night, _, _ in shown] == [day for _, day, _ in shown]
    named = {name for night, day, _ in shown for name in (night, day)}
    assert named == {path.name for path in (*DRAWINGS, *PHOTOGRAPHS)}
    assert {path.name for path in pictures.FOLDER.iterdir()} == named | {pictures.DIGEST.name}
    assert README.count("<picture>") == len(shown)


def test_a_drawn_command_stands_in_the_readme_as_text_too() -> None:
    as_text = {command for command, _ in readme.commands(README)}
    assert {scene.command.replace("--no-log ", "") for scene in SCENES} <= as_text


@pytest.mark.parametrize(
    ("fed", "painted"),
    [
        ("plain", "plain"),
        ("\x1b[1mbold\x1b[0m not", "\x1b[1mbold\x1b[0m not"),
        ("\x1b[1m\x1b[34mboth\x1b[m", "\x1b[1m\x1b[34mboth\x1b[0m"),
        ("\x1b[2mgone\x1b[0m\r\x1b[Knew", "new"),
        ("\x1b[2mold\x1b[0m\rne", "ne\x1b[2md\x1b[0m"),
    ],
    ids=["plain", "bold", "two at once", "erased", "written over"],
)
def test_a_painted_screen_keeps_the_style_of_what_is_seen_last(fed: str, painted: str) -> None:
    screen = PaintedScreen(20, 5)
    screen.feed(fed)
    assert list(screen.painted) == [painted]


def test_a_smaller_png_has_the_same_pixels() -> None:
    """A row of each filter, of three bytes a pixel; what was made smaller has no filter and is its own fixed point."""
    small = png.smaller(FILTERED)
    assert png.size(small) == (2, 5)
    assert png.smaller(small) == small
    assert small == png.smaller(UNFILTERED)


def _png(rows: list[bytes]) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I4s", len(content), kind) + content + struct.pack(">I", zlib.crc32(kind + content))

    header = struct.pack(">IIBBBBB", 2, len(rows), 8, 2, 0, 0, 0)
    data = zlib.compress(b"".join(rows))
    half = len(data) // 2
    parts = chunk(b"IDAT", data[:half]) + chunk(b"IDAT", data[half:])
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + parts + chunk(b"IEND", b"")


# The same row, (10, 20, 30) and (40, 50, 60), unfiltered and by each of PNG's filters: none, left, up, mean, Paeth.
_ROW = bytes((10, 20, 30, 40, 50, 60))
UNFILTERED = _png([b"\0" + _ROW] * 5)
FILTERED = _png(
    [
        b"\0" + _ROW,
        b"\1" + bytes((10, 20, 30, 30, 30, 30)),
        b"\2" + bytes(6),
        b"\3" + bytes((5, 10, 15, 15, 15, 15)),
        b"\4" + bytes(6),
    ]
)
