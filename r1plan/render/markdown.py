"""Markdown as rows of a terminal: what `blocks` settles, in colours of the terminal's own palette."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from markdown_it.token import Token
from pygments.lexer import Lexer  # type: ignore[import-untyped]
from pygments.lexers import get_lexer_by_name  # type: ignore[import-untyped]
from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, String  # type: ignore[import-untyped]
from pygments.token import Token as AnyToken
from pygments.util import ClassNotFound  # type: ignore[import-untyped]
from rich import markdown as rich_markdown
from rich.console import Console, ConsoleOptions, RenderResult
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.table import Table as RichTable
from rich.text import Text
from rich.theme import Theme

from r1plan.render.blocks import Block, CodeEnd, CodeLine, CodeStart, Prose, parser
from r1plan.render.latex import readable
from r1plan.render.math_rules import BLOCK, INLINE
from r1plan.render.wrapped import wrapped

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
_CODE = ANSISyntaxTheme(
    {
        AnyToken: Style(),
        Comment: Style(dim=True),
        Keyword: Style(color="magenta"),
        Operator.Word: Style(color="magenta"),
        Name.Function: Style(color="blue"),
        Name.Class: Style(color="blue"),
        Name.Builtin: Style(color="cyan"),
        Name.Tag: Style(color="blue"),
        String: Style(color="green"),
        Number: Style(color="cyan"),
        Literal: Style(color="cyan"),
    }
)
_HIGHLIGHTED_CHARACTERS = 32_000


class Heading(rich_markdown.Heading):
    """A heading at the left margin, as all else."""

    LEVEL_ALIGN = dict.fromkeys(rich_markdown.Heading.LEVEL_ALIGN, "left")


class CodeBlock(rich_markdown.CodeBlock):
    """A code block inside a list or a quote."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Without the background that rich gives it."""
        code = str(self.text).rstrip()
        yield Syntax(code, self.lexer_name, theme=_CODE, word_wrap=True)


class MathBlock(rich_markdown.TextElement):
    """A formula on rows of its own."""

    style_name = "markdown.math"

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Indented, so that it stands out without colours too."""
        inner = options.update(width=max(1, options.max_width - 4))
        for line in console.render_lines(self.text, inner, pad=False):
            yield Segment("    ")
            yield from line
            yield Segment("\n")


class HorizontalRule(rich_markdown.HorizontalRule):
    """A thin line."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Across the text."""
        yield Rule(style="markdown.hr")


class Table(rich_markdown.TableElement):
    """A table without a frame."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Its columns apart, a line below the header."""
        for table in super().__rich_console__(console, options):
            if isinstance(table, RichTable):
                table.show_edge = False
            yield table


class ListItem(rich_markdown.ListItem):
    """An item at the left margin, its number with a full stop."""

    def render_bullet(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Behind a bullet."""
        return self._behind("• ", console, options)

    def render_number(self, console: Console, options: ConsoleOptions, number: int, last_number: int) -> RenderResult:
        """Behind its own number: the width of those to come is not known while they stream."""
        return self._behind(f"{number}. ", console, options)

    def _behind(self, mark: str, console: Console, options: ConsoleOptions) -> RenderResult:
        inner = options.update(width=max(1, options.max_width - len(mark)))
        for index, line in enumerate(console.render_lines(self.elements, inner, pad=False)):
            yield Segment(" " * len(mark) if index else mark)
            yield from line
            yield Segment("\n")


class _Markdown(rich_markdown.Markdown):
    elements = rich_markdown.Markdown.elements | {
        "heading_open": Heading,
        "fence": CodeBlock,
        "code_block": CodeBlock,
        BLOCK: MathBlock,
        "hr": HorizontalRule,
        "table_open": Table,
        "list_item_open": ListItem,
    }
    inlines = rich_markdown.Markdown.inlines | {"math"}

    def __init__(self, source: str) -> None:
        super().__init__("")
        self.parsed = list(_shown(parser().parse(source)))


def _shown(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens with formulas made readable, and links and images as text: an address is never hidden behind words."""
    href, words = "", ""
    for token in tokens:
        if token.type in (BLOCK, INLINE):
            token.content = readable(token.content)
        if token.children and token.type != "image":
            token.children = list(_shown(token.children))
        if token.type == "link_open":
            href, words = str(token.attrs.get("href", "")), ""
        elif token.type == "link_close":
            if href.removeprefix("mailto:") != words:
                yield _text(f" ({href})")
        elif token.type == "softbreak":
            yield Token("hardbreak", "br", 0)  # models do not wrap their lines: a new one is meant
        elif token.type == "image":
            yield _text(f"[{token.content}] ({token.attrs.get('src', '')})")
        else:
            words += token.content
            yield token


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


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
                    rows = [row for line in source.rstrip("\n").split("\n") for row in wrapped(line, columns)]
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
        syntax = Syntax("", lexer, theme=_CODE)
        coloured = syntax.highlight("\n".join(self._code)).split("\n", allow_blank=True)
        return [self._row(each) for each in coloured[len(self._code) - len(texts) : len(self._code)]]

    def prose(self, source: str, columns: int) -> list[str]:
        """The rows of Markdown that is no code block."""
        options = self._console.options.update(width=max(1, min(columns - 1, WIDEST)))
        lines = [_trimmed(each) for each in self._console.render_lines(_Markdown(source), options, pad=False)]
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
