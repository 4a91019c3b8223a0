"""The parts of a Markdown document as rich sets them, where its own way does not suit a conversation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markdown_it.token import Token
from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, String  # type: ignore[import-untyped]
from pygments.token import Token as AnyToken
from rich import markdown as rich_markdown
from rich.console import Console, ConsoleOptions, RenderResult
from rich.rule import Rule
from rich.segment import Segment
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.table import Table as RichTable

from r1plan.render.markdown.blocks import parser
from r1plan.render.markdown.latex import readable
from r1plan.render.markdown.math_rules import BLOCK, INLINE
from r1plan.render.text.sanitize import printable

CODE_COLOURS = ANSISyntaxTheme(
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


class Heading(rich_markdown.Heading):
    """A heading at the left margin, as all else."""

    LEVEL_ALIGN = dict.fromkeys(rich_markdown.Heading.LEVEL_ALIGN, "left")


class CodeBlock(rich_markdown.CodeBlock):
    """A code block inside a list or a quote."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Without the background that rich gives it."""
        code = str(self.text).rstrip()
        yield Syntax(code, self.lexer_name, theme=CODE_COLOURS, word_wrap=True)


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


class Document(rich_markdown.Markdown):
    """Markdown without code blocks of its own at the top: rich's elements, or ours."""

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
    """The tokens with formulas made readable, and links and images as text: an address is never hidden behind words.

    They are cleaned here too: an entity such as `&#x202e;` is a character from now on.
    """
    href, words = "", ""
    for token in tokens:
        token.content, token.info = printable(token.content), printable(token.info)
        if token.type in (BLOCK, INLINE):
            token.content = readable(token.content)
        if token.children and token.type != "image":
            token.children = list(_shown(token.children))
        if token.type == "link_open":
            href, words = printable(str(token.attrs.get("href", ""))), ""
        elif token.type == "link_close":
            if href.removeprefix("mailto:") != words:
                yield _text(f" ({href})")
        elif token.type == "softbreak":
            yield Token("hardbreak", "br", 0)  # models do not wrap their lines: a new one is meant
        elif token.type == "image":
            yield _text(f"[{token.content}] ({printable(str(token.attrs.get('src', '')))})")
        else:
            words += token.content
            yield token


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
