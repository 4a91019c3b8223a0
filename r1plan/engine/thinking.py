"""Tells the thinking from the answer in a stream of text.

R1 writes `<think>…</think>` before its answer, but the opening tag is often the template's and so never comes, a tag
may arrive in several pieces, and some models do not think at all. Some think again after a part of the answer, or say
a word before they think. White space around the first thinking belongs to neither part; tags in code are text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from r1plan.engine.chat import Answer, Thinking, WasThinking
from r1plan.engine.inline_tags import Tag, TagScanner

OPEN = "<think>"
CLOSE = "</think>"
OTHER_MARKS = (
    ("<|START_THINKING|>", "<|END_THINKING|>"),  # Command A Reasoning
    ("[THINK]", "[/THINK]"),  # Magistral
    ("<seed:think>", "</seed:think>"),  # Seed-OSS
    ("<mm:think>", "</mm:think>"),  # MiniMax
    ("<|begin_of_thought|>", "<|end_of_thought|>"),  # Sky-T1
    ("◁think▷", "◁/think▷"),  # Kimi-VL
)
"""What other models think between, that no answer holds by chance."""

_TAGS = ((OPEN, CLOSE), ("<thinking>", "</thinking>"))
_LONGEST_SPACE = 1000  # characters: more is not held back

Part = Thinking | Answer | WasThinking


class ThinkSplitter:
    """Splits what is fed to it. `opened`: the prompt already ended with `<think>`.

    `feed` looks for the tags of the elements `names`, and for other `marks`; without any all is the answer. Where the
    thinking is known otherwise (token ids, separate fields), `open`, `close` and `piece` do the same without looking,
    and `follows_fields` says that it came in fields.
    """

    def __init__(
        self, *, opened: bool = False, names: Sequence[str] = ("think",), marks: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.thinking = opened
        self._scanner = TagScanner(names, marks) if names or marks else None
        self._closed = False  # a thinking has ended: what comes is no longer in doubt
        self._thought = self._answered = False  # whether any text of them has been given
        self._answers_since_end = False  # whether any text of the answer has, since the thinking ended
        self._is_first = True  # no part of the answer stands before the thinking that ended last
        self._at_start = True  # white space is dropped here: of the first thinking, or of the answer
        self._space = ""  # white space of the thinking: dropped when `</think>` follows
        self._in_doubt = 0  # tags that may have opened a thinking within, or an end in a fenced block
        self._held = ""  # may be a tag, at the beginning of an answer whose thinking came in fields

    def open(self) -> None:
        """The thinking begins here."""
        if not self.thinking:
            self.thinking, self._at_start, self._is_first = True, not self._thought, not self._answered

    def close(self) -> WasThinking | None:
        """The thinking ends here, and the answer begins. Returns WasThinking when text had passed for an answer."""
        mistaken = self._answered and not self.thinking and not self._closed
        self._answered = self._answered and not mistaken
        self.thinking, self._closed, self._answers_since_end, self._space = False, True, False, ""
        self._at_start = not self._answered
        return WasThinking() if mistaken else None

    def piece(self, text: str) -> Thinking | Answer | None:
        """`text` as a part of what is open now. None when nothing of it is to be shown yet."""
        if self._at_start:
            text = text.lstrip()
            if not text:
                return None
            self._at_start = False
        if self.thinking:
            shown, self._space = _shown(self._space + text)
            self._thought = self._thought or bool(shown)
            return Thinking(shown) if shown else None
        if not text:
            return None
        self._answered = self._answers_since_end = True
        return Answer(text)

    def follows_fields(self) -> None:
        """The thinking came in fields: it is all there is of it, and tags in the answer are text."""
        self._scanner = None
        if self.thinking:
            self.close()

    def feed(self, text: str) -> Iterator[Part]:
        """The parts of `text`, which may hold tags or pieces of them."""
        if self._scanner is None:
            if event := self.piece(self._without_orphans(text)):
                yield event
        elif self._scanner.passes(text):
            if event := self._piece(text):
                yield event
        else:
            yield from self._parts(self._scanner.feed(text))

    def flushed(self) -> Iterator[Part]:
        """What was held back, where the thinking is closed from outside: no tag will come of it."""
        if self._scanner is not None:
            yield from self._parts(self._scanner.rest())

    def rest(self) -> Iterator[Part]:
        """What was held back because it might have become a tag. To be called once, at the end."""
        if self._scanner is not None:
            yield from self._parts(self._scanner.rest())
        held, self._held = self._held, ""
        if not (self.thinking or self._closed):
            held, self._space = self._space + held, ""
        if event := self.piece(held):
            yield event

    def _parts(self, found: Iterator[str | Tag]) -> Iterator[Part]:
        for each in found:
            if isinstance(each, Tag):
                yield from self._closing(each) if each.closes else self._opening(each)
            else:
                yield from self._text(each)

    def _piece(self, text: str) -> Thinking | Answer | None:
        if not (self.thinking or self._closed) and (self._space or text[-1:].isspace()):
            # It may turn out to be thinking, and so its last white space to belong to neither part.
            text, self._space = _shown(self._space + text)
        return self.piece(text)

    def _text(self, text: str) -> Iterator[Part]:
        if event := self._piece(text):
            yield event

    def _spaced(self) -> Iterator[Part]:
        """The white space that was held back behind text."""
        space, self._space = self._space, ""
        if self._answered and (event := self.piece(space)):
            yield event

    def _opening(self, tag: Tag) -> Iterator[Part]:
        if tag.in_fence or tag.is_word:
            yield from self._text(tag.text)
        elif not self.thinking:
            yield from self._spaced()
            self.open()
        elif not self._at_start:
            self._in_doubt += 1
            yield from self._text(tag.text)

    def _closing(self, tag: Tag) -> Iterator[Part]:
        if self.thinking and (tag.alone or not tag.in_fence):
            if tag.in_fence:  # the model may have left its block open, or quotes a tag
                self._in_doubt += 1
                if self._space:
                    yield Thinking(self._space)
            self.close()
        elif self.thinking or tag.in_fence or tag.is_word:
            yield from self._text(tag.text)
        elif not self._closed:
            yield from self._spaced()
            if mistaken := self.close():
                yield mistaken
        elif not self._answers_since_end:
            return  # it says again what was said
        elif self._in_doubt and self._is_first:
            self._in_doubt -= 1
            self._answered = False
            self.close()
            yield WasThinking()
        else:
            yield from self._text(tag.text)

    def _without_orphans(self, text: str) -> str:
        """`text` without the tags around no thinking, which may open an answer whose thinking came in fields."""
        if not self._closed or self._answers_since_end:
            return text
        text, self._held = self._held + text, ""
        bare = text.lstrip()
        while (after := _after_empty(bare)) is not None:
            bare = text = after
        if bare and len(text) < _LONGEST_SPACE and any(_may_be_empty(bare, *tags) for tags in _TAGS):
            self._held, text = text, ""
        return text


def _shown(text: str) -> tuple[str, str]:
    """`text` without the white space at its end, and that."""
    shown = text.rstrip()
    return (shown, text[len(shown) :]) if len(text) - len(shown) <= _LONGEST_SPACE else (text, "")


def _after_empty(text: str) -> str | None:
    """What follows the tags around no thinking, or the closing one alone, that `text` begins with; None without."""
    for opening, closing in _TAGS:
        inner = text.removeprefix(opening).lstrip()
        if inner.startswith(closing):
            return inner.removeprefix(closing).lstrip()
    return None


def _may_be_empty(text: str, opening: str, closing: str) -> bool:
    """Whether more of `text` may show that it begins so."""
    inner = text.removeprefix(opening).lstrip()
    return opening.startswith(text) or closing.startswith((text, inner))
