"""Finds the tags of thinking in a text that comes in pieces, but for those in Markdown's code. Pure.

Code is a fenced block, or a span within one line; a run of backticks that no equal run follows on its line is text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_BLANK = " \t"
_OPENERS = "([{\"'\u201c\u2018"
_PUNCTUATION = ".,;:!?)]}\"'\u201d\u2019\u2026"
_LONGEST_SPAN = 1000  # characters of a code span behind a tag: a longer line is not held back
_LONGEST_RUN = 64  # backticks or tildes: more are not held back


@dataclass(frozen=True, slots=True)
class Tag:
    """A tag outside of code spans.

    `in_fence`: a fenced block is open, `alone`: nothing else is on its line. `is_word`: it stands in a sentence, as in
    "the <think> tag".
    """

    text: str
    closes: bool
    in_fence: bool
    alone: bool
    is_word: bool


class TagScanner:
    """Cuts what it is fed into texts and tags of the elements `names`, and `marks` that stand around a thinking.

    What may be a tag's beginning is held back.
    """

    def __init__(self, names: Sequence[str], marks: Sequence[tuple[str, str]] = ()) -> None:
        pairs = (*((f"<{name}>", f"</{name}>") for name in names), *marks)
        self._tags = tuple(tag for pair in pairs for tag in pair)
        self._closing = frozenset(closing for _, closing in pairs)
        self._firsts = frozenset(tag[0] for tag in self._tags)
        self._noteworthy = re.compile(f"[{re.escape(''.join(sorted(self._firsts)))}`~\n]")
        self._token = re.compile("|".join((*map(re.escape, self._tags), "`+", "~+", "\n")))
        self._held = ""
        self._begins_line = True  # only blanks have come on this line
        self._before = "\n"  # the last character that was passed on
        self._fence = ""  # the run that opened the fenced block
        self._span = ""  # the run that may have opened a code span

    def passes(self, text: str) -> bool:
        """Whether `text` holds nothing to look at, and nothing before it was held back. Then it need not be fed."""
        if self._held or self._noteworthy.search(text):
            return False
        if text:
            self._begins_line = self._begins_line and not text.strip()
            self._before = text[-1]
        return True

    def feed(self, text: str) -> Iterator[str | Tag]:
        """The texts and tags of a piece."""
        yield from self._cut(self._held + text, is_last=False)

    def rest(self) -> Iterator[str | Tag]:
        """What was held back, when no more will come."""
        if self._held:
            yield from self._cut(self._held, is_last=True)

    def _cut(self, text: str, *, is_last: bool) -> Iterator[str | Tag]:
        self._held, begin, at = "", 0, 0
        while found := self._token.search(text, at):
            token, start, at = found[0], found.start(), found.end()
            if token[0] in "`~" and at == len(text) and at - start <= _LONGEST_RUN and not is_last:
                break  # the run may go on
            if token not in self._tags:
                self._passed(text[begin:at] if token[0] == "\n" else text[begin:start])
                self._counts(token)
                self._before = token[-1]
                yield text[begin:at]
                begin = at
                continue
            if begin < start:
                yield self._passed(text[begin:start])
                begin = start
            is_code = self._is_in_span(text, at, is_last=is_last)
            if is_code is None or (at == len(text) and not is_last and self._depends()):
                self._held = text[start:]
                return
            if is_code:
                self._passed(token)
                continue
            yield self._tag(token, text[at : at + 1] or "\n")
            self._span, begin = "", at
        end = len(text) if is_last else len(text) - self._beginning(text[begin:])
        if begin < end:
            yield self._passed(text[begin:end])
        self._held = text[end:]

    def _passed(self, text: str) -> str:
        """`text`, after which the line stands where it ends."""
        if text:
            line = text.rpartition("\n")[2]
            if len(line) < len(text):
                self._begins_line, self._span = True, ""
            self._begins_line = self._begins_line and not line.strip()
            self._before = text[-1]
        return text

    def _counts(self, run: str) -> None:
        """Take in a run of backticks or tildes, which may open or close code. A line's end was taken in."""
        if run == "\n":
            return
        begins_line, self._begins_line = self._begins_line, False
        if self._fence:
            if begins_line and run.startswith(self._fence):
                self._fence = ""
        elif begins_line and len(run) >= 3 and not self._span:
            self._fence = run
        elif run[0] == "`":
            self._span = "" if run == self._span else self._span or run

    def _is_in_span(self, text: str, at: int, *, is_last: bool) -> bool | None:
        """Whether the code span that is open here, if any, ends behind `at`. None: that is to be seen."""
        if not self._span or self._fence:
            return False
        line = text[at : at + _LONGEST_SPAN].partition("\n")
        closing = re.search(rf"(?<!`){self._span}(?!`)", line[0])
        if closing and (line[1] or is_last or closing.end() < len(line[0])):
            return True
        return False if line[1] or is_last or len(text) - at >= _LONGEST_SPAN else None

    def _depends(self) -> bool:
        """Whether what a tag is, here, depends on what follows it."""
        return bool(self._fence) or (not self._begins_line and self._before in (*_BLANK, *_OPENERS))

    def _tag(self, text: str, after: str) -> Tag:
        tag = Tag(
            text,
            closes=text in self._closing,
            in_fence=bool(self._fence),
            alone=self._begins_line and after == "\n",
            is_word=self._depends() and not self._fence and after in (*_BLANK, *_PUNCTUATION),
        )
        self._begins_line, self._before = True, "\n"  # a block of code may follow at once
        return tag

    def _beginning(self, text: str) -> int:
        """How many characters at the end of `text` may be the beginning of a tag, or of a longer run."""
        if text.endswith(("`", "~")):
            run = len(text) - len(text.rstrip(text[-1]))
            return run if run <= _LONGEST_RUN else 0
        begins = (text.rfind(first) for first in self._firsts)
        return max(
            (len(text) - at for at in begins if at >= 0 and any(tag.startswith(text[at:]) for tag in self._tags)),
            default=0,
        )
