"""Markdown that comes in pieces, cut into blocks that can be shown for good as soon as nothing can change them.

CommonMark reads its block structure line by line, and a block that is closed never opens again: of the whole lines that
have come, every block but the last is settled, and so is every item but the last of a list. The lines of a code block
are settled one by one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.rules_block import table
from markdown_it.token import Token

from r1plan.render.markdown.math_rules import BLOCK, with_math


@dataclass(frozen=True, slots=True)
class Prose:
    """A block of any kind but a code block, as Markdown. `gap`: an empty line goes before it."""

    source: str
    gap: bool


@dataclass(frozen=True, slots=True)
class CodeStart:
    """A code block begins. `fence` is the line that begins it, `language` the first word after its marks."""

    fence: str
    language: str
    gap: bool


@dataclass(frozen=True, slots=True)
class CodeLine:
    """A whole line of the code block that began last."""

    text: str


@dataclass(frozen=True, slots=True)
class CodeEnd:
    """The code block ends."""

    fence: str


Block = Prose | CodeStart | CodeLine | CodeEnd

_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})[ \t]*([^`\n]*)\Z")
_LISTS = ("bullet_list_open", "ordered_list_open")
# A last line that is nothing but marks may still become anything.
_UNDECIDED = re.compile(r"[ \t]*(?:[-=*+_#>|`~$\\]+|\d+[.)]?|\|?[ \t:|-]*)[ \t]*\Z")


@cache
def parser() -> MarkdownIt:
    """CommonMark with tables, strikethrough and LaTeX. HTML is text: `<think>` in an answer is to be seen.

    A line that begins a list, a quote or a heading is never the first of a table, as GFM has it: else an item read
    alone could be a table that it is not within its list.
    """
    marked = MarkdownIt("commonmark", {"html": False}).enable("strikethrough")
    marked.block.ruler.before("lheading", "table_last", table, {"alt": ["paragraph", "reference"]})
    return with_math(marked)


class BlockStream:
    """Cuts the text that is fed to it. What is settled is handed out once; `tail` is what is still open."""

    def __init__(self) -> None:
        self._lines = ""  # whole lines that are not settled
        self._partial = ""  # the line that has not ended
        self._closing: re.Pattern[str] | None = None  # what ends the code block that is open
        self._indent = 0
        self._fence = ""
        self._begun = False
        self._item: str | None = None  # the kind of list of which an item was settled last

    def feed(self, text: str) -> list[Block]:
        """The blocks that `text` settles."""
        whole, newline, partial = (self._partial + text).rpartition("\n")
        self._partial = partial
        if not newline:
            return []
        self._lines += whole + "\n"
        return list(self._settled(at_end=False))

    def rest(self) -> list[Block]:
        """What is left, when no more comes."""
        if self._partial:
            self._lines += self._partial + "\n"
            self._partial = ""
        blocks = list(self._settled(at_end=True))
        if self._closing is not None:
            self._closing = None
            blocks.append(CodeEnd(self._fence))
        return blocks

    def tail(self) -> Prose | CodeLine | None:
        """What is open, as it would look if nothing more came: to be shown until it is settled."""
        if self._closing is not None:
            return CodeLine(self._partial) if self._partial else None
        partial = "" if _UNDECIDED.match(self._partial) else self._partial
        source = self._lines + partial
        if not source.strip():
            return None
        return Prose(source, self._gap(_kind(source)))

    def _settled(self, *, at_end: bool) -> Iterator[Block]:
        while self._lines:
            if self._closing is not None:
                line, _, self._lines = self._lines.partition("\n")
                yield self._code(line, self._closing)
                continue
            yield from self._prose(at_end)
            if not self._in_code():
                return

    def _in_code(self) -> bool:
        return self._closing is not None

    def _code(self, line: str, closing: re.Pattern[str]) -> Block:
        if closing.match(line):
            self._closing = None
            return CodeEnd(line.strip())
        spaces = len(line) - len(line.lstrip(" "))
        return CodeLine(line[min(spaces, self._indent) :])

    def _prose(self, at_end: bool) -> Iterator[Block]:
        """The settled blocks up to the first code block, whose first line is taken too."""
        lines = self._lines.split("\n")[:-1]
        tokens = parser().parse(self._lines)
        blocks = [each for each in tokens if each.level == 0 and each.nesting != -1 and each.map]
        if not at_end:
            blocks = _without_open_formula(blocks, lines)
        used = 0
        for index, block in enumerate(blocks):
            start, end = block.map or [0, 0]
            if block.type == "fence":
                yield self._opened(lines[start])
                used = start + 1
                break
            last = index == len(blocks) - 1
            if last and not at_end and (block.type in _LISTS or not _ended(block, end, lines)):
                if block.type in _LISTS:
                    for item_start, item_end in _items(tokens, start)[:-1]:
                        yield self._block(lines[item_start:item_end], block.type)
                        used = item_end
                break
            if block.type in _LISTS:
                for item_start, item_end in _items(tokens, start):
                    yield self._block(lines[item_start:item_end], block.type)
            else:
                yield self._block(lines[start:end], block.type)
            used = end
        if at_end and self._closing is None:
            used = len(lines)
        self._lines = "".join(f"{line}\n" for line in lines[used:])

    def _opened(self, line: str) -> CodeStart:
        found = _FENCE.match(line)
        marks, info = (found.group(1), found.group(2).strip()) if found else ("```", "")
        self._closing = re.compile(rf" {{0,3}}{re.escape(marks[0])}{{{len(marks)},}}[ \t]*\Z")
        self._indent = len(line) - len(line.lstrip(" "))
        self._fence = marks
        gap = self._gap(None)
        self._item, self._begun = None, True
        return CodeStart(line.strip(), info.split()[0] if info else "", gap)

    def _block(self, lines: list[str], kind: str) -> Prose:
        item = kind if kind in _LISTS else None
        gap = self._gap(item)
        self._item, self._begun = item, True
        return Prose("\n".join(lines).rstrip() + "\n", gap)

    def _gap(self, item: str | None) -> bool:
        return self._begun and not (item is not None and item == self._item)


def _kind(source: str) -> str | None:
    first = next((each for each in parser().parse(source) if each.level == 0), None)
    return first.type if first is not None and first.type in _LISTS else None


def _ended(block: Token, end: int, lines: list[str]) -> bool:
    """Whether no later line can belong to `block`, the last one. A list may go on behind an empty line, a quote not."""
    if block.type in ("heading_open", "hr"):
        return True
    if block.type == BLOCK and lines[end - 1].rstrip().endswith(("\\]", "$$")) and end - 1 > (block.map or [0])[0]:
        return True
    return end < len(lines) and not lines[end].strip() and block.type != "code_block"


def _without_open_formula(blocks: list[Token], lines: list[str]) -> list[Token]:
    """`blocks` without a last formula that has not ended, when it stands right below another block.

    An empty line inside makes it text, which belongs to that block.
    """
    if len(blocks) < 2 or blocks[-1].type != BLOCK or _ended(blocks[-1], len(lines), lines):
        return blocks
    above, formula = blocks[-2].map or [0, 0], blocks[-1].map or [0, 0]
    return blocks[:-1] if above[1] == formula[0] else blocks


def _items(tokens: list[Token], list_start: int) -> list[tuple[int, int]]:
    """The lines of each item of the list that begins at `list_start`."""
    inside = False
    found = []
    for each in tokens:
        if each.level == 0 and each.nesting == 1:
            inside = each.map is not None and each.map[0] == list_start
        if inside and each.level == 1 and each.type == "list_item_open" and each.map:
            found.append((each.map[0], each.map[1]))
    return found
