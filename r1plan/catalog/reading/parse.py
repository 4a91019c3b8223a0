"""One YAML file as plain values, and where in it a value stands.

It may come from anybody, so it is built from the parser's events, each of which is held against a bound before anything
is made of it: no anchor or alias (1 kB of them can mean gigabytes), no tag, no directive, no second document, nothing
nested deeper than a person would, no number beyond measure. YAML's surprises are left out too: `16:30`, `no` and
`2025-01-20` are text, and no key may be said twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import yaml
from yaml import events

from r1plan.catalog.reading.files import CatalogFile, reason
from r1plan.errors import CatalogError
from r1plan.files.plain import plain_bytes

MOST_BYTES = 4 << 20  # the largest of ours has 24 kB
MOST_VALUES = 50_000
MOST_DEPTH = 64
MOST_KEY_CHARACTERS = 200
_MOST_DIGITS = 40
_LARGEST, _SMALLEST = 1e18, 1e-18

Location = tuple[int | str, ...]

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_WORDS = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_NUMBER = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
# At the beginning of a line: what is only for tags, and what is only for a second document.
_MARKER = re.compile("[\n\r\x85\u2028\u2029](%|\\.\\.\\.(?!\\S))")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_BREAK = re.compile("\r\n?|[\n\x85\u2028\u2029]")  # as YAML counts lines


def read(file: CatalogFile) -> Any:
    """The content of `file`. Numbers, booleans and null are read as in YAML 1.2; all else, days included, is text.

    Keys are text as written. Raises CatalogError for a file that cannot be read, is no plain file, is not UTF-8, is not
    YAML, holds what is not read here, is empty or says a key twice. No message quotes a value.
    """
    try:
        content, _ = _Reading(()).of(_text_of(file))
    except UnicodeDecodeError as error:
        hint = f"save {file.path} as UTF-8"
        raise CatalogError.in_file(file.label, f"byte {error.start} is not UTF-8.", hint) from None
    except OSError as error:
        raise CatalogError.in_file(file.label, f"{reason(error)}.", f"the file is {file.path}") from None
    except _NotReadError as error:
        where = f"line {error.line}: " if error.line else ""
        raise CatalogError.in_file(file.label, f"{where}{error.problem}.", f"the file is {file.path}") from None
    if content is None:
        raise CatalogError.in_file(file.label, "the file is empty.", f"fill or remove {file.path}")
    return content


def line_of(file: CatalogFile, location: Location) -> int | None:
    """The line that holds `location` in `file`, or its nearest parent's; None when it cannot be told."""
    try:
        return _Reading(location).of(_text_of(file))[1]
    except (OSError, UnicodeDecodeError, _NotReadError):
        return None


def _text_of(file: CatalogFile) -> str:
    return plain_bytes(file.path, MOST_BYTES).decode("utf-8-sig")


class _NotReadError(Exception):
    """Why a text is not read, as part of a sentence, and in which line."""

    def __init__(self, problem: str, line: int | None) -> None:
        super().__init__(problem)
        self.problem = problem
        self.line = line


@dataclass(slots=True)
class _Open:
    """A list or mapping that is still being read. `key` is that of a mapping whose value comes next, in `key_line`.

    `wanted` is true where it holds the place that is looked for.
    """

    values: dict[str, Any] | list[Any]
    wanted: bool
    key: str | None = None
    key_line: int = 0


class _Reading:
    """One text, read once. On the way it finds the line of a location."""

    def __init__(self, location: Location) -> None:
        self._location = location
        self._line: int | None = None
        self._open: list[_Open] = []
        self._values = 0
        self._content: Any = None

    def of(self, text: str) -> tuple[Any, int | None]:
        """The content of `text`, None for none, and the line of the location or its nearest parent."""
        _refuse_markers(text)
        documents = 0
        try:
            for event in yaml.parse(text, Loader=_Loader):
                if isinstance(event, events.NodeEvent):
                    self._node(event)
                elif isinstance(event, events.CollectionEndEvent):
                    self._open.pop()
                elif isinstance(event, events.DocumentStartEvent):
                    documents += 1
                    if documents > 1:
                        raise _NotReadError("a second document begins, and only one is read", _line_of(event))
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            lines = len(_BREAK.findall(text)) + 1  # the mark of a file that breaks off is one line beyond it
            raise _NotReadError(
                error.problem or error.context or "not YAML", min(mark.line + 1, lines) if mark else None
            ) from None
        except yaml.YAMLError:  # of the reader, which gives no line
            found = _FORBIDDEN.search(text)
            problem = f"the character U+{ord(found[0]):04X} cannot be in YAML" if found else "not YAML"
            raise _NotReadError(problem, len(_BREAK.findall(text, 0, found.start())) + 1 if found else None) from None
        return self._content, self._line

    def _node(self, event: Any) -> None:
        """Take a value, a key, or the beginning of a list or mapping."""
        _refuse_references(event)
        self._values += 1
        if self._values > MOST_VALUES:
            raise _NotReadError(f"more than {MOST_VALUES:,} values are not read", _line_of(event))
        holder = self._open[-1] if self._open else None
        if holder is not None and isinstance(holder.values, dict) and holder.key is None:
            self._key(event, holder, holder.values)
            return
        value: Any
        if isinstance(event, events.ScalarEvent):
            value = _scalar(event)
        else:
            value = [] if isinstance(event, events.SequenceStartEvent) else {}
        wanted = self._put(value, holder, event)
        if not isinstance(event, events.ScalarEvent):
            if len(self._open) == MOST_DEPTH:
                raise _NotReadError(f"more than {MOST_DEPTH} lists and mappings in one another", _line_of(event))
            self._open.append(_Open(value, wanted))

    def _key(self, event: Any, holder: _Open, values: dict[str, Any]) -> None:
        line = _line_of(event)
        if not isinstance(event, events.ScalarEvent):
            raise _NotReadError("a key must be text, not a list or a mapping", line)
        if len(event.value) > MOST_KEY_CHARACTERS:
            raise _NotReadError(f"a key of more than {MOST_KEY_CHARACTERS} characters", line)
        if event.value in values:
            raise _NotReadError(f"'{' '.join(event.value.splitlines())}' is said twice", line)
        holder.key, holder.key_line = event.value, line

    def _put(self, value: Any, holder: _Open | None, event: Any) -> bool:
        """Put `value` where it belongs; whether the location that is looked for is there or inside."""
        if holder is None:
            self._content, self._line = value, _line_of(event)
            return True
        step: int | str
        if isinstance(holder.values, list):
            step, line = len(holder.values), _line_of(event)
            holder.values.append(value)
        else:
            step, line = holder.key or "", holder.key_line
            holder.values[step], holder.key = value, None
        depth = len(self._open) - 1
        if not holder.wanted or depth >= len(self._location) or self._location[depth] != step:
            return False
        self._line = line
        return True


def _refuse_markers(text: str) -> None:
    """Raise for a directive and for the end of a document, which take the parser quadratic time when there are many."""
    begun = "\n" + text
    if found := _MARKER.search(begun):
        what = "'%' begins a directive, which is not read here" if found[1] == "%" else "'...' ends the document"
        raise _NotReadError(what, len(_BREAK.findall(begun, 0, found.end())))


def _refuse_references(event: Any) -> None:
    """Raise for what makes one value of another, or a type of a name."""
    if isinstance(event, events.AliasEvent):
        sign, what = "*", "an alias"
    elif event.anchor is not None:
        sign, what = "&", "an anchor"
    elif event.tag is not None:
        sign, what = "!", "a tag"
    else:
        return
    raise _NotReadError(
        f"'{sign}' begins {what}, which is not read here; put text that begins so in quotes", _line_of(event)
    )


def _scalar(event: Any) -> Any:
    """The value of a scalar: text, unless it is written without quotes and looks like something else."""
    text: str = event.value
    if event.style not in (None, ""):
        return text
    if text in _WORDS:
        return _WORDS[text]
    whole = _WHOLE.fullmatch(text)
    if not whole and not _NUMBER.fullmatch(text):
        return text
    if len(text) > _MOST_DIGITS:
        raise _NotReadError(f"a number of more than {_MOST_DIGITS} characters", _line_of(event))
    number = int(text) if whole else float(text)
    if number and not _SMALLEST <= abs(number) < _LARGEST:
        raise _NotReadError("a number beyond measure: 0, or from 1e-18 to 1e18, is read", _line_of(event))
    return number


def _line_of(event: Any) -> int:
    line: int = event.start_mark.line + 1
    return line
