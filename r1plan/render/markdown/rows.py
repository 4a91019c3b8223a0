"""Markdown as rows of a terminal: what `blocks` settles, in colours of the terminal's own palette."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.util import ClassNotFound  # type: ignore[import-untyped]
from rich.console import Console
from rich.segment import Segment
from rich.syntax import Syntax
from rich.text import Text
from rich.theme import Theme

from r1plan.render.markdown.blocks import Block, CodeEnd, CodeLine, CodeStart, Prose
from r1plan.render.markdown.elements import CODE_COLOURS, Document
from r1plan.render.text.wrap import rows_of

WIDEST = 120
"""Prose is not set wider: longer lines are hard to read."""

# Base colours only, so that light and dark terminals both can show them.
_THEME = Theme(
    {
        "markdown.h1": "bold underline",
        "markdown.h2": "bold underline",
        "markdown.h3": "bold",
        "markdown.h4": "bold",
        "markdown.h5": "italic",
        "markdown.h6": "italic",
        "markdown.code": "cyan",
        "markdown.code_block": "none",
        "markdown.math": "magenta",
        "markdown.item.bullet": "none",
        "markdown.item.number": "none",
        "markdown.block_quote": "dim",
        "markdown.hr": "dim",
        "markdown.table.border": "dim",
        "markdown.table.header": "bold",
    }
)
_HIGHLIGHTED_CHARACTERS = 32_000


class MarkdownRows:
    """Renders blocks one after another.

    Code is set as it came, so that it can be copied: its rows may be longer than the terminal is wide, and are the
    terminal's to wrap.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._language = ""
        self._code: list[str] = []
        self._size = 0

    def rows(self, block: Block, columns: int) -> list[str]:
        """The rows of one block, with the empty one that goes before it."""
        match block:
            case Prose(source, gap):
                try:
                    rows = self.prose(source, columns)
                except Exception:  # rich asserts what Markdown may hold; an answer is not to be lost over its looks
                    rows = [row for line in source.rstrip("\n").split("\n") for row in rows_of(line, columns)]
                return [""] * gap + rows
            case CodeStart(fence, language, gap):
                self._language, self._code, self._size = language, [], 0
                return [""] * gap + [self._row(Text(fence, "dim"))]
            case CodeEnd(fence):
                return [self._row(Text(fence, "dim"))]
            case CodeLine():
                return self.code([block])

    def code(self, lines: list[CodeLine]) -> list[str]:
        """The rows of the next lines of the open code block, coloured in the light of all that came before them.

        Beyond 32,000 characters nothing is coloured: each look at a block costs as much as the block is long.
        """
        texts = [each.text for each in lines]
        lexer = _lexer(self._language)
        if self._size > _HIGHLIGHTED_CHARACTERS or lexer is None:
            return texts
        self._code += texts
        self._size += sum(len(each) + 1 for each in texts)
        syntax = Syntax("", lexer, theme=CODE_COLOURS)
        coloured = syntax.highlight("\n".join(self._code)).split("\n", allow_blank=True)
        return [self._row(each) for each in coloured[len(self._code) - len(texts) : len(self._code)]]

    def prose(self, source: str, columns: int) -> list[str]:
        """The rows of Markdown that is no code block."""
        options = self._console.options.update(width=max(1, min(columns - 1, WIDEST)))
        lines = [_trimmed(each) for each in self._console.render_lines(Document(source), options, pad=False)]
        while lines and not lines[0]:
            del lines[0]
        while lines and not lines[-1]:
            del lines[-1]
        return [self._ansi(line) for line in lines]

    def _row(self, text: Text) -> str:
        return self._ansi(_trimmed(text.render(self._console)))

    def _ansi(self, line: Iterable[Segment]) -> str:
        colours = Segment.remove_color(line) if self._console.no_color else line
        system = self._console._color_system
        return "".join(style.render(text, color_system=system) if style else text for text, style, _ in colours)


def _trimmed(line: Iterable[Segment]) -> list[Segment]:
    """`line` without the spaces at its end."""
    parts = [each for each in line if each.text and not each.control]
    while parts and not parts[-1].text.strip():
        parts.pop()
    if parts:
        text, style, _ = parts[-1]
        parts[-1] = Segment(text.rstrip(), style)
    return parts


@cache
def _lexer(language: str) -> Lexer | None:
    """What knows the words of `language`, or None. Tabs stay."""
    try:
        return get_lexer_by_name(language, stripnl=False, ensurenl=True)
    except ClassNotFound:
        return None


@cache
def colours() -> Console:
    """What rich finds out about the colours of this terminal. Nothing is printed through it."""
    return Console(theme=_THEME, highlight=False, force_terminal=True)
