"""How inputs are broken: bytes, lines, and values of JSON in the places where values stand."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from random import Random
from typing import Any

# Written as they are into JSON: Python would not write some of them. One a line.
_IN_JSON = r"""
0
-1
1
-0.0
0.5
1.0
1e308
1e309
-1e400
1e-400
NaN
Infinity
-Infinity
1E+999999
true
false
null
[]
{}
""
2147483648
4294967296
9223372036854775807
9223372036854775808
18446744073709551616
"\ud800"
"\udc00x"
"a\ud83d"
"\u0000"
"\u001b]52;c;eA==\u0007"
"\u202e"
"\u2028"
"=1+1"
"1e999999"
"-1000"
"NaN"
"0x10"
"1_000"
"٠"
"😀"
[[[1]]]
{"a":{"b":[null]}}
[1,2,3]
["a"]
"0001-01-01T00:00:00Z"
"9999-12-31T23:59:59-23:59"
"2026-02-30T00:00:00Z"
"2026-11-24T24:00:00Z"
"""
_LONG_IN_JSON = ("1" + "0" * 30, "9" * 400, "9" * 4301, "-" + "9" * 5000, "0." + "9" * 5000, '"' + "x" * 3000 + '"')
_DEEP_IN_JSON = ("[" * 40 + "]" * 40, "[" * 3000, '{"a":' * 40 + "1" + "}" * 40)
JSON_VALUES = (*_IN_JSON.strip().split("\n"), *_LONG_IN_JSON, *_DEEP_IN_JSON)
_IN_TEXT = r"""
&a [*a, *a]
*a
!!python/object:os.system x
!!bool x
%YAML 1.1
---
...
<<: *a
? x
|
>-
#
"
'
\
: x
1e999999
.inf
.nan
0o7
0x1F
1_000
~
-0
+1
1e18
1e19
16:30
24:00
2026-02-30
no
NULL
٠
"""
_CONTROLS = (
    "\x00",
    "\x1b[31m",
    "\x9b",
    "\u202e",
    "\u2028",
    "\u200b",
    "\ufeff",
    "\U000e0041",
    "\r",
    "\r\n",
    "\n\n",
    "\t",
)
_LONG_IN_TEXT = ("[" * 70, "{a: " * 70, "- " * 70, "9" * 5000, "0." + "1" * 300, " " * 50)
_TEXT_TOKENS = (*_IN_TEXT.strip().split("\n"), *_CONTROLS, *_LONG_IN_TEXT)
_SCALAR = re.compile(rb'"(?:[^"\\]|\\.){0,60}"|-?[0-9][0-9.eE+-]{0,30}|\b(?:true|false|null)\b|(?<=: )[^\n:]{1,40}')


def mutated(random: Random, seeds: Sequence[bytes]) -> bytes:
    """One of `seeds`, broken in one to six places."""
    content = bytearray(random.choice(seeds))
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        _break(random, content, seeds)
    return bytes(content)


def _break(random: Random, content: bytearray, seeds: Sequence[bytes]) -> None:
    at = random.randrange(len(content) + 1)
    length = min(random.choice((1, 1, 2, 4, 16, 64, 400)), len(content) - at)
    match random.randrange(10):
        case 0:
            if at < len(content):
                content[at] ^= 1 << random.randrange(8)
        case 1:
            del content[at : at + length]
        case 2:
            content[at:at] = content[at : at + length] * random.choice((1, 2, 50))
        case 3:
            content[at:at] = random.choice(_TEXT_TOKENS).encode()
        case 4:
            other = random.choice(seeds)
            start = random.randrange(len(other) + 1)
            content[at : at + length] = other[start : start + random.choice((4, 40, 400))]
        case 5:
            del content[at:]
        case 6:
            content[at : at + length] = random.randbytes(length)
        case 7:
            lines = content.split(b"\n")
            random.shuffle(lines)
            content[:] = b"\n".join(lines)
        case _:
            found = [match.span() for match in _SCALAR.finditer(content)]
            if found:
                start, end = random.choice(found)
                content[start:end] = random.choice(JSON_VALUES if random.random() < 0.7 else _TEXT_TOKENS).encode()


def mutated_json(random: Random, value: Any) -> bytes:
    """`value` as JSON, in which up to four values are others, gone, or there twice; sometimes broken as text too."""
    changed = json.loads(json.dumps(value))
    put: dict[str, str] = {}
    for number in range(random.choice((0, 1, 1, 1, 2, 4))):
        holder, key = _place(random, changed)
        if holder is None:
            break
        match random.randrange(6):
            case 0 if isinstance(holder, dict):
                holder.pop(key)
            case 1:
                marker = f"@{number}@"
                if isinstance(holder, dict):
                    holder[random.choice(("x", "id", "type", "schema", "content", "", "__proto__"))] = marker
                else:
                    holder.insert(key, marker)
                put[marker] = random.choice(JSON_VALUES)
            case 2 if isinstance(holder, list):
                holder[key:key] = holder * 2
            case _:
                holder[key] = f"@{number}@"
                put[f"@{number}@"] = random.choice(JSON_VALUES)
    text = json.dumps(changed, ensure_ascii=random.random() < 0.5)
    for marker, token in put.items():
        text = text.replace(f'"{marker}"', token)
    content = text.encode("utf-8", "surrogatepass")
    return mutated(random, [content]) if random.random() < 0.15 else content


def _place(random: Random, value: Any) -> tuple[Any, Any]:
    """A list or mapping in `value` and a key in it, the deeper ones as likely as the upper ones."""
    places: list[tuple[Any, Any]] = []
    todo = [value]
    while todo:
        holder = todo.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        for key in keys:
            places.append((holder, key))
            if isinstance(holder[key], dict | list):
                todo.append(holder[key])
    return random.choice(places) if places else (None, None)
