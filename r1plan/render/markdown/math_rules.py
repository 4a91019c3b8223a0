r"""LaTeX in Markdown: rules for markdown-it that keep formulas whole, where Markdown alone would eat their backslashes.

Inline: `\( … \)`, `$ … $` as pandoc reads it (no space inside the dollars, no digit after them). Blocks: `\[ … \]`
and `$$ … $$` that begin a line and end one, with no empty line inside; one whose end has not come reaches to the end of
the text.
"""

from __future__ import annotations

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline

BLOCK = "math_block"
INLINE = "math_inline"

_CLOSING = {r"\[": r"\]", "$$": "$$"}
_ROUND = re.compile(r"\\\((.+?)\\\)", re.DOTALL)
_SQUARE = re.compile(r"\\\[(.+?)\\\]", re.DOTALL)
_DOUBLE = re.compile(r"\$\$(.+?)\$\$", re.DOTALL)
_DOLLAR = re.compile(r"\$(?![\s$])((?:\\.|[^$\\\n])+?)(?<!\s)\$(?![\d$])")
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def with_math(parser: MarkdownIt) -> MarkdownIt:
    """`parser` with the rules added. `<br>`, which models write into table cells, breaks the line."""
    parser.block.ruler.before("fence", BLOCK, _block, {"alt": ["paragraph", "reference", "blockquote", "list"]})
    parser.inline.ruler.before("escape", INLINE, _inline)
    parser.inline.ruler.before("html_inline", "line_break", _line_break)
    return parser


def _block(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    if state.is_code_block(start):
        return False
    first = state.src[state.bMarks[start] + state.tShift[start] : state.eMarks[start]]
    opening = first[:2]
    closing = _CLOSING.get(opening)
    if closing is None:
        return False
    lines = [first[2:]]
    line = start
    while closing not in lines[-1]:
        line += 1
        if line >= end or state.sCount[line] < state.blkIndent:
            break
        if state.isEmpty(line):
            return False  # no formula holds an empty line
        lines.append(state.src[state.bMarks[line] : state.eMarks[line]])
    text, _, after = "\n".join(lines).partition(closing)
    if after.strip():
        return False  # a sentence goes on behind it: the inline rule's
    if silent:
        return True
    state.line = start + len(lines)
    token = state.push(BLOCK, "div", 0)
    token.block = True
    token.content = text.strip("\n")
    token.map = [start, state.line]
    return True


def _inline(state: StateInline, silent: bool) -> bool:
    character = state.src[state.pos]
    if character == "\\":
        found = _ROUND.match(state.src, state.pos) or _SQUARE.match(state.src, state.pos)
    elif character == "$":
        found = _DOUBLE.match(state.src, state.pos) or _DOLLAR.match(state.src, state.pos)
    else:
        return False
    if not found or found.end() > state.posMax:
        return False
    if not silent:
        token = state.push(INLINE, "math", 0)
        token.content = found.group(1).strip()
    state.pos = found.end()
    return True


def _line_break(state: StateInline, silent: bool) -> bool:
    found = _BREAK.match(state.src, state.pos)
    if not found:
        return False
    if not silent:
        state.push("hardbreak", "br", 0)
    state.pos = found.end()
    return True
