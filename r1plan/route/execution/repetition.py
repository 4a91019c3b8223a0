"""Notices in a stream of text that it says the same again and again. Pure; memory is bounded, and time a word constant.

Three signs, each on the words of the text and whatever pieces it comes in:

- the same passage without end, of any length up to some thousand words, word for word;
- the same passage but for its numbers, with a word of doubt such as "Wait" in it: an honest list counts on too, but
  does not doubt itself at every line;
- nothing new but doubt: nearly each of the last thousand places, its numbers aside, has been said four times before, in
  whatever order. Without doubt that may be the moves of a game, or a log.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

_UNSPACED = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af"
_LONGEST = 32  # characters of a unit
# A character of a script without blanks, a word, a run of one mark, or a long run of blanks.
_UNIT = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]{{1,{_LONGEST}}}|([^\w\s])\1{{0,{_LONGEST - 1}}}|\s{{{_LONGEST}}}")
_DIGITS = re.compile(r"\d+")
_BLOCK_CHARACTERS = 1024  # are looked at together: a short answer costs nothing

_REMEMBERED = 8192  # units: the longest passage whose repetition is seen
_SHINGLE = 6  # units by which a passage is known again
# Copies of one passage, the first included, that are a loop where they are long enough. What was drafted is written
# again once; nobody writes a long one three times.
_SAYS_AGAIN, _SAYS_LONG_AGAIN, _LONG = 4, 3, 100
_SAID_TOKENS, _CERTAIN_TOKENS = 600, 2000
_WORDLESS = 4  # times as long where hardly a word is in it: tables of zeros, drawings, dumps
_ASKED_FOR = 8  # times as long where the question itself says what is repeated

_DOUBTS = frozenset(
    ("wait", "hmm", "actually", "alternatively", "oops", "warte", "moment", "attends", "attendez", "espera", "подожди")
)
_DOUBTS_UNSPACED = frozenset("等待")
_DOUBTING_COPIES, _DOUBTING_TOKENS = 8, 800

_PLACES, _SAID_BEFORE, _NOTHING_NEW = 1024, 4, 0.9
_PLACE = 12  # units
_WORDS_OF_A_PLACE = 6
_PLACES_REMEMBERED = 16384
_ASKED_WORDS = 64

# api-docs.deepseek.com/quick_start/token_usage, as `engine.tokens` has it.
_ASCII_TOKENS, _OTHER_TOKENS = 0.3, 0.6


@dataclass(frozen=True, slots=True)
class Repeated:
    """The text repeats itself: for about so many `tokens` so far. `certain`: word for word, and for long."""

    tokens: int
    certain: bool


class Repetition:
    """Is fed one text in pieces. `asked` is the question: what it asks to be repeated may be, for longer."""

    def __init__(self, asked: str = "") -> None:
        self._asked = asked
        self._pieces: list[str] = []
        self._waiting = 0  # characters of `_pieces`
        self._held = ""  # the end of the last block, which may be a part of a unit
        self._exact, self._numbered = _Copies(), _Copies()
        self._places = _Places()
        self._doubted: deque[int] = deque()  # where the words of doubt stand, of the last places
        self._doubts_of_run = 0
        self._units = 0

    def feed(self, text: str) -> Repeated | None:
        """Take a piece; the loop that the text is in by now, None: it is in none, or not for long enough."""
        self._pieces.append(text)
        self._waiting += len(text)
        if self._waiting < _BLOCK_CHARACTERS:
            return None
        whole = "".join(self._pieces)
        end = len(whole) - len(whole) % _BLOCK_CHARACTERS
        self._pieces, self._waiting = [whole[end:]], len(whole) - end
        found = None
        for start in range(0, end, _BLOCK_CHARACTERS):
            self._take(whole[start : start + _BLOCK_CHARACTERS])
            found = self._found()
        return found

    def _take(self, block: str) -> None:
        text = self._held + block
        begin = 0
        for found in _UNIT.finditer(text):
            end = found.end()
            unit = found[0]
            if end == len(text) and len(unit) < _LONGEST:
                break  # it may go on
            said = text[begin:end]
            self._step(unit, len(said) * (_ASCII_TOKENS if said.isascii() else _OTHER_TOKENS))
            begin = end
        self._held = text[begin:]

    def _step(self, unit: str, tokens: float) -> None:
        self._units += 1
        is_word = unit.isalpha()
        exact = hash(unit)
        numbered = exact if is_word or not unit[0].isalnum() else hash(_DIGITS.sub("0", unit))
        self._exact.step(exact, tokens, is_word)
        if not self._numbered.step(numbered, tokens, is_word):
            self._doubts_of_run = 0
        if is_word and (unit.casefold() in _DOUBTS or unit in _DOUBTS_UNSPACED):
            self._doubts_of_run += 1
            self._doubted.append(self._units)
        while self._doubted and self._doubted[0] <= self._units - _PLACES:
            self._doubted.popleft()
        self._places.step(numbered, tokens, is_word)

    def _found(self) -> Repeated | None:
        exact, numbered = self._exact, self._numbered
        longer = 1 if exact.is_worded else _WORDLESS
        again = exact.copies >= (_SAYS_LONG_AGAIN if exact.period >= _LONG else _SAYS_AGAIN)
        if again and exact.tokens >= longer * _SAID_TOKENS:
            longer *= _ASKED_FOR if self._is_asked_for(exact) else 1
            if exact.tokens < longer * _SAID_TOKENS:
                return None
            certain = exact.copies >= _SAYS_AGAIN and exact.tokens >= longer * _CERTAIN_TOKENS
            return Repeated(round(exact.tokens), certain)
        if (
            numbered.copies >= _DOUBTING_COPIES
            and numbered.tokens >= _DOUBTING_TOKENS
            and self._doubts_of_run >= numbered.copies / 2
        ):
            return Repeated(round(numbered.tokens), certain=False)
        if self._places.nothing_new and len(self._doubted) >= _DOUBTING_COPIES:
            return Repeated(round(self._places.tokens), certain=False)
        return None

    def _is_asked_for(self, copies: _Copies) -> bool:
        """Whether the question holds what is repeated, its marks and blanks aside."""
        if copies.period > _ASKED_WORDS or not self._asked:
            return False
        asked = [hash(each[0]) for each in _UNIT.finditer(self._asked) if each[0][0].isalnum()]
        known = set(asked)
        passage = [each for each in copies.passage() if each in known or copies.period == 1]
        text = " ".join(map(str, asked))
        turns = (" ".join(map(str, passage[turn:] + passage[:turn])) for turn in range(len(passage)))
        return 2 * len(passage) >= copies.period and any(each in text for each in turns)


class _Copies:
    """Follows for how long units are the same as those one `period` before."""

    __slots__ = ("_at", "_last", "_seen", "_shingles", "_units", "period", "run", "tokens", "words")

    def __init__(self) -> None:
        self._at = 0
        self._units = [0] * _REMEMBERED
        self._shingles: list[int | None] = [None] * _REMEMBERED
        self._seen: dict[int, int] = {}  # where a shingle ended last
        self._last: deque[int] = deque(maxlen=_SHINGLE)
        self.period = self.run = self.words = 0
        self.tokens = 0.0

    @property
    def copies(self) -> float:
        """How often the passage has been said, the first time included."""
        return 1 + self.run / self.period if self.period else 1.0

    @property
    def is_worded(self) -> bool:
        """Whether words are a good part of it."""
        return 4 * self.words >= self.run

    def passage(self) -> Iterator[int]:
        """The units of one copy."""
        return (self._units[each % _REMEMBERED] for each in range(self._at - self.period, self._at))

    def step(self, unit: int, tokens: float, is_word: bool) -> bool:
        """Take a unit. Whether the repetition goes on, or one has begun."""
        at, place = self._at, self._at % _REMEMBERED
        self._last.append(unit)
        shingle = hash(tuple(self._last))
        if self.period and self._units[(at - self.period) % _REMEMBERED] == unit:
            self.run += 1
            self.tokens += tokens
            self.words += is_word
        else:
            before = self._seen.get(shingle)
            self.period = at - before if before is not None and at >= _SHINGLE else 0
            self.run, self.tokens, self.words = 0, 0.0, 0
        old = self._shingles[place]
        if old is not None and self._seen.get(old) == at - _REMEMBERED:
            del self._seen[old]
        self._units[place], self._shingles[place], self._seen[shingle] = unit, shingle, at
        self._at = at + 1
        return self.run > 0


class _Places:
    """Counts how many of the last places, each some words long, were said several times before."""

    __slots__ = ("_counts", "_flags", "_last", "_order", "_repeated", "_words", "tokens")

    def __init__(self) -> None:
        self._last: deque[tuple[int, bool]] = deque(maxlen=_PLACE)
        self._words = 0
        self._counts: dict[int, int] = {}
        self._order: deque[int] = deque()
        self._flags: deque[tuple[bool, float]] = deque()
        self._repeated = 0
        self.tokens = 0.0  # of the last places

    @property
    def nothing_new(self) -> bool:
        """Whether nearly all of them were."""
        return len(self._flags) == _PLACES and self._repeated >= _NOTHING_NEW * _PLACES

    def step(self, unit: int, tokens: float, is_word: bool) -> None:
        """Take a unit."""
        last = self._last
        if len(last) == _PLACE:
            self._words -= last[0][1]
        last.append((unit, is_word))
        self._words += is_word
        count = self._counted(hash(tuple(last)))
        flag = count >= _SAID_BEFORE and self._words >= _WORDS_OF_A_PLACE
        self._flags.append((flag, tokens))
        self._repeated += flag
        self.tokens += tokens
        if len(self._flags) > _PLACES:
            old, its_tokens = self._flags.popleft()
            self._repeated -= old
            self.tokens -= its_tokens

    def _counted(self, place: int) -> int:
        """How often `place` was there before, as far as is remembered."""
        count = self._counts.get(place, 0)
        self._counts[place] = count + 1
        self._order.append(place)
        if len(self._order) > _PLACES_REMEMBERED:
            gone = self._order.popleft()
            left = self._counts[gone] - 1
            if left:
                self._counts[gone] = left
            else:
                del self._counts[gone]
        return count
