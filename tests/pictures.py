"""The README's pictures: what the program shows on a terminal, drawn as SVG, and its page, photographed in a browser.

`make readme` makes them anew, each by day and by night. A drawing is exact: the same program draws the same bytes; what
differs from run to run or from hour to hour is cut, or set to one value, before it is drawn. A photograph differs with
the browser and its fonts; so beside it stands the digest of the page that it was taken of.
"""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from io import StringIO
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

from tests.browser import Browser, Scheme
from tests.png import smaller
from tests.terminal import Screen, Terminal

FOLDER = Path(__file__).parent.parent / "docs" / "pictures"
DIGEST = FOLDER / "page.sha256"
SCHEMES: tuple[Scheme, ...] = ("light", "dark")

_COLUMNS = 80
PHOTOGRAPH_WIDTH = 920  # in pixels of CSS, as the README shows it
_END = "document.querySelector('[aria-labelledby=picture]').getBoundingClientRect().bottom"


class Scene(NamedTuple):
    """A command whose screen is drawn, under the name of its files."""

    name: str
    command: str


SCENES = (
    Scene("recommend", "r1plan recommend --gpu rtx-4090 --ram 64"),
    Scene("chat", 'r1plan chat --no-log "What is 17 + 25?"'),
    Scene("cost-report", "r1plan cost-report sample"),
)
PAGE = "r1plan recommend --gpu rtx-4090 --ram 64 --format html"

_STEADY = (
    (re.compile(r"[\d,]+ tok/s · "), "1,740 tok/s · "),  # how fast r1-tiny was this time
    (re.compile(r"^At an API instead.*?(?:\n(?=\n)|\Z)", re.MULTILINE | re.DOTALL), ""),  # this hour's prices
)
_COMING_HOURS = re.compile(r"that would take [0-9,]+ requests a day")
_API = re.compile(r'<section[^>]* class="api">.*?</section>\n', re.DOTALL)

# Black, red, green, yellow, blue, magenta, cyan, white; as in the page.
_DAY = [(0x1C, 0x1D, 0x21), (0xA8, 0x32, 0x1F), (0x1E, 0x7A, 0x5C), (0x8A, 0x5A, 0x00)]
_DAY += [(0x2B, 0x57, 0xB8), (0x7A, 0x46, 0xA8), (0x0F, 0x73, 0x86), (0x5A, 0x5C, 0x66)]
_NIGHT = [(0x65, 0x69, 0x76), (0xFF, 0x9C, 0x8A), (0x52, 0xBD, 0x9A), (0xEB, 0xA3, 0x5C)]
_NIGHT += [(0x8F, 0xB2, 0xFF), (0xB4, 0x8E, 0xE0), (0x6F, 0xC8, 0xDA), (0xEC, 0xEA, 0xE5)]
_THEMES = {
    "light": TerminalTheme((0xFB, 0xFA, 0xF8), (0x1C, 0x1D, 0x21), _DAY),
    "dark": TerminalTheme((0x14, 0x15, 0x19), (0xEC, 0xEA, 0xE5), _NIGHT),
}
_PAD = 16  # around the letters
_EDGES = {"light": "#dddad3", "dark": "#363943"}
# Rich's own form, without its window and without the font that it would load.
_SVG = """\
<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace;
  font-size: {char_height}px; line-height: {line_height}px;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>
</clipPath>
{lines}
</defs>
<rect fill="GROUND" stroke="EDGE" stroke-width="1.5" x="LEFT" y="1" width="FULL" height="TALL" rx="10"/>
<g transform="translate({terminal_x}, DOWN)" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


class PaintedScreen(Screen):
    """A screen that keeps how each letter is written: the SGR sequences that were in force."""

    def __init__(self, columns: int, rows: int) -> None:
        super().__init__(columns, rows)
        self._style = ""
        self._styles: dict[tuple[int, int], str] = {}

    @property
    def painted(self) -> Iterator[str]:
        """The lines with their sequences."""
        for number, line in enumerate(self.lines):
            cells = self._rows[number][: len(line)]
            styled = [(self._styles.get((number, place), ""), cell) for place, cell in enumerate(cells)]
            runs = ((style, "".join(cell for _, cell in run)) for style, run in groupby(styled, lambda each: each[0]))
            yield "".join(f"{style}{text}\x1b[0m" if style else text for style, text in runs)

    def _print(self, character: str, width: int) -> None:
        super()._print(character, width)
        for place in range(self._column - width, self._column):
            self._styles[self._row, place] = self._style

    def _control(self, private: str, numbers: str, letter: str) -> None:
        if letter == "m":
            self._style = "" if numbers in ("", "0") else f"{self._style}\x1b[{numbers}m"
        super()._control(private, numbers, letter)


def shown(scene: Scene, home: Path) -> str:
    """What the scene's command leaves on a terminal, with the styles of its letters, below the command itself."""
    environment = {"R1PLAN_HOME": str(home), "NO_COLOR": "", "LC_ALL": "C.UTF-8"}
    words = [sys.executable, "-m", *shlex.split(scene.command)]
    words = [str(home / word) if word == "sample" else word for word in words]
    with Terminal(words, environment, _COLUMNS, 100) as terminal:
        screen = PaintedScreen(_COLUMNS, 100)
        terminal.screen = screen
        code = terminal.ended()
        assert code == 0, screen.text
    text = "\n".join(screen.painted)
    for pattern, instead in _STEADY:
        text = pattern.sub(instead, text)
    return f"\x1b[2m$\x1b[0m \x1b[1m{scene.command}\x1b[0m\n{text}"


def drawn(text: str, scheme: Scheme) -> str:
    """A terminal's text with its styles as SVG."""
    console = Console(
        file=StringIO(), record=True, width=_COLUMNS, force_terminal=True, color_system="standard", legacy_windows=False
    )
    for line in text.splitlines():
        console.print(Text.from_ansi(line), soft_wrap=True, highlight=False)
    theme = _THEMES[scheme]
    svg = console.export_svg(theme=theme, code_format=_SVG, unique_id="r1plan", title="")
    return _framed(svg, theme, scheme)


def _framed(svg: str, theme: TerminalTheme, scheme: Scheme) -> str:
    """The drawing without the room that rich leaves for a window's title."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', svg)
    tall = re.search(r'<clipPath id="r1plan-clip-terminal">\n<rect x="0" y="0" width="[\d.]+" height="([\d.]+)"', svg)
    assert found
    assert tall
    width, height = float(found[1]) + 2 * _PAD, float(tall[1]) + 2 * _PAD
    svg = svg.replace(found[0], f'viewBox="{-_PAD} 0 {width:g} {height:g}"')
    svg = svg.replace("GROUND", theme.background_color.hex).replace("EDGE", _EDGES[scheme])
    svg = svg.replace("LEFT", f"{1 - _PAD}").replace("DOWN", f"{_PAD}")
    svg = svg.replace("FULL", f"{width - 2:g}").replace("TALL", f"{height - 2:g}")
    return "\n".join(line.strip() for line in svg.splitlines() if line.strip()) + "\n"


def page(home: Path) -> str:
    """The page that is photographed, without this hour's prices."""
    words = [sys.executable, "-m", *shlex.split(PAGE)]
    environment = {**os.environ, "R1PLAN_HOME": str(home), "COLUMNS": "100"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
    return _API.sub("", done.stdout)


def digest(text: str) -> str:
    """What tells one page from another, but for the figure that the coming weeks' hours of the price clock change."""
    return hashlib.sha256(_COMING_HOURS.sub("", text).encode()).hexdigest()


def file_of(name: str, scheme: Scheme) -> Path:
    """Where a picture lies."""
    return FOLDER / f"{name}-{scheme}{'.png' if name == 'page' else '.svg'}"


def rewrite(home: Path) -> None:
    """Draw every scene anew, and photograph the page where it is another than that of the photograph."""
    from tests import browser

    FOLDER.mkdir(parents=True, exist_ok=True)
    for scene in SCENES:
        text = shown(scene, home)
        for scheme in SCHEMES:
            file_of(scene.name, scheme).write_text(drawn(text, scheme), encoding="utf-8")
    text = page(home)
    if DIGEST.is_file() and DIGEST.read_text() == f"{digest(text)}\n":
        return
    if browser.PROGRAM is None:
        print(f"the photographs of the page are old: {browser.MISSING}", file=sys.stderr)
        return
    path = home / "page.html"
    path.write_text(text, encoding="utf-8")
    with Browser() as chromium:
        for scheme in SCHEMES:
            chromium.opens(path, PHOTOGRAPH_WIDTH, scheme=scheme)
            chromium.opens(path, PHOTOGRAPH_WIDTH, round(chromium.value(_END)) + 20, scheme)
            file_of("page", scheme).write_bytes(smaller(chromium.picture()))
    DIGEST.write_text(f"{digest(text)}\n")
