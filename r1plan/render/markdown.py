"""Markdown as rows of a terminal: what `blocks` settles, in colours of the terminal's own palette."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache

from markdown_it.token import Token
from pygments.token import Comment, Keyword, Literal, Name, Number, Operator, String
from pygments.token import Token as AnyToken
from rich import markdown as rich_markdown
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.segment import Segment
from rich.style import Style
from rich.syntax import ANSISyntaxTheme, Syntax
from rich.text import Text
from rich.theme import Theme

from r1plan.render.blocks import Block, CodeEnd, CodeLine, CodeStart, Prose, parser
from r1plan.render.latex import readable
from r1plan.render.math_rules import BLOCK, INLINE

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
        yield Syntax(code, self.lexer_name, theme=_CODE, background_color="default", word_wrap=True)


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
                return [""] * gap + self._prose(source, columns)
            case CodeStart(fence, language, gap):
                self._language, self._code, self._size = language, [], 0
                return [""] * gap + [self._row(Text(fence, "dim"))]
            case CodeEnd(fence):
                return [self._row(Text(fence, "dim"))]
            case CodeLine():
                return self.code([block])

    def code(self, lines: list[CodeLine], *, settled: bool = True) -> list[str]:
        """The rows of some lines of the open code block, coloured in the light of all that came before them.

        Beyond 32,000 characters nothing is coloured: each look at a block costs as much as the block is long.
        """
        texts = [each.text for each in lines]
        if self._size > _HIGHLIGHTED_CHARACTERS or not self._language:
            return texts
        source = "\n".join([*self._code, *texts])
        if settled:
            self._code += texts
            self._size += sum(len(each) + 1 for each in texts)
        syntax = Syntax("", self._language, theme=_CODE, background_color="default")
        coloured = syntax.highlight(source).split("\n", allow_blank=True)
        first = len(self._code) - len(texts) if settled else len(self._code)
        return [self._row(each) for each in coloured[first : first + len(texts)]]

    def _prose(self, source: str, columns: int) -> list[str]:
        options = self._console.options.update(width=max(1, min(columns - 1, WIDEST)))
        lines = self._console.render_lines(_Markdown(source), options, pad=False)
        return [self._ansi(line).rstrip(" ") for line in lines]

    def _row(self, text: Text) -> str:
        return self._ansi(text.render(self._console))

    def _ansi(self, segments: Iterable[Segment]) -> str:
        system = self._console._color_system
        plain = self._console.no_color
        rows = []
        for text, style, control in segments:
            if control or not text:
                continue
            shown = style.without_color if style and plain else style
            rows.append(shown.render(text, color_system=system) if shown else text)
        return "".join(rows)


@cache
def colours() -> Console:
    """What rich finds out about the colours of this terminal. Nothing is printed through it."""
    return Console(theme=_THEME, highlight=False, force_terminal=True)


def cells(text: str) -> int:
    """How many columns `text` takes, tabs reckoned at their widest."""
    return cell_len(text.replace("\t", " " * 8))
