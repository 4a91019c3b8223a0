"""An answer as rows of a terminal while it streams: settled blocks of Markdown, and the one that is still open."""

from __future__ import annotations

from dataclasses import replace
from itertools import groupby

from r1plan.render.markdown.blocks import Block, BlockStream, CodeLine
from r1plan.render.markdown.rows import MarkdownRows, colours

_OPEN_CHARACTERS = 20_000


class AnswerRows:
    """The rows of one answer."""

    def __init__(self) -> None:
        self._blocks = BlockStream()
        self._rows = MarkdownRows(colours())

    def grown(self, text: str, columns: int) -> list[str]:
        """The rows that `text` settles."""
        return self._rendered(self._blocks.feed(text), columns)

    def open(self, columns: int) -> list[str]:
        """The rows that may still change."""
        opened = self._blocks.tail()
        if isinstance(opened, CodeLine):
            return [opened.text]
        if opened is not None and len(opened.source) > _OPEN_CHARACTERS:
            opened = replace(opened, source=opened.source[-_OPEN_CHARACTERS:])  # its end fills any screen
        return [] if opened is None else self._rows.rows(opened, columns)

    def closed(self, columns: int) -> list[str]:
        """The last rows."""
        return self._rendered(self._blocks.rest(), columns)

    def _rendered(self, blocks: list[Block], columns: int) -> list[str]:
        rows: list[str] = []
        for is_code, group in groupby(blocks, lambda each: isinstance(each, CodeLine)):
            if is_code:  # together: each look at a code block costs as much as the block is long
                rows += self._rows.code([each for each in group if isinstance(each, CodeLine)])
            else:
                rows += [row for each in group for row in self._rows.rows(each, columns)]
        return rows
