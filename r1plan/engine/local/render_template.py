"""A process of its own in which a file's chat template runs, as the template may be anybody's program.

Started as a script, and it imports nothing of ours. Each line on standard input is a request in JSON, `{"source"}` (a
new template, with `bos` and `eos`) or `{"messages"}` (with an `effort` or without); each is answered by a line:
`{"text"}`, `{"refused"}` with what the template itself raised, or `{"failed"}`. What takes more processor time or
memory than allowed ends the process.
The template sees what Transformers shows one, in jinja2's sandbox.
"""

from __future__ import annotations

import json
import resource
import signal
import sys
from contextlib import suppress
from datetime import datetime
from typing import Any

import jinja2
from jinja2.ext import Extension, loopcontrols
from jinja2.nodes import Node
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

_MOST_SAID = 300


class _RefusedError(Exception):
    """What a template raises by `raise_exception`."""


class _GenerationTags(Extension):
    """Passes over `{% generation %}`, which is for training."""

    tags = {"generation"}  # noqa: RUF012  as the base class has it

    def parse(self, parser: Parser) -> list[Node]:
        parser.stream.skip(1)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


def _compiled(source: str) -> jinja2.Template:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[_GenerationTags, loopcontrols]
    )
    environment.filters["tojson"] = _as_json
    return environment.from_string(source)


def _as_json(
    value: Any,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)


def _rendered(template: jinja2.Template, variables: dict[str, Any], most_characters: int) -> str:
    pieces, length = [], 0
    for piece in template.generate(variables):
        length += len(piece)
        if length > most_characters:
            raise OverflowError(f"it writes more than {most_characters:,} characters")
        pieces.append(piece)
    return "".join(pieces)


def _effort(asked: str | None) -> dict[str, Any]:
    """The variables that say how hard to think, as llama-server has them: "none" turns it off, others are passed on."""
    if asked is None:
        return {}
    return {"enable_thinking": False, "thinking": False} if asked == "none" else {"reasoning_effort": asked}


def _refuse(message: object) -> None:
    raise _RefusedError(str(message))


def _now(layout: str) -> str:
    return datetime.now().astimezone().strftime(layout)


def _said(error: Exception) -> str:
    if isinstance(error, jinja2.TemplateSyntaxError):
        return f"{error.message} (line {error.lineno})"[:_MOST_SAID]
    if isinstance(error, MemoryError):
        return "it needs more memory than it may have"
    if isinstance(error, RecursionError):
        return "it is nested too deep"
    if "set_int_max_str_digits" in (said := str(error)):
        return "it makes a number of more digits than can be written"
    return said[:_MOST_SAID] or type(error).__name__


def main(cpu_s: float, memory_bytes: int, most_characters: int) -> None:
    """Answer requests until standard input ends, each in `cpu_s` of processor time."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for kind, most in ((resource.RLIMIT_AS, memory_bytes), (resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0)):
        with suppress(ValueError, OSError):  # macOS does not hold the first one
            resource.setrlimit(kind, (most, most))
    template = jinja2.Template("")
    fixed: dict[str, Any] = dict.fromkeys(("functions", "function_call", "tools", "tool_choice"))
    fixed |= {"add_generation_prompt": True, "raise_exception": _refuse, "strftime_now": _now}
    # What may think is to think, as llama-server has it (build 0c1e57098, common/chat.cpp): V3.1 does not otherwise.
    fixed |= {"enable_thinking": True, "thinking": True}
    for line in sys.stdin.buffer:
        answer = {}
        try:
            request = json.loads(line)
            # Its signal is not caught: it ends what runs in C too.
            signal.setitimer(signal.ITIMER_PROF, cpu_s)
            if "source" in request:
                template = _compiled(request["source"])
                fixed |= {"bos_token": request["bos"], "eos_token": request["eos"]}
                answer["text"] = ""
            else:
                variables = {"messages": request["messages"], **fixed, **_effort(request.get("effort"))}
                answer["text"] = _rendered(template, variables, most_characters)
        except _RefusedError as error:
            answer = {"refused": str(error)[:_MOST_SAID]}
        except Exception as error:  # whatever a template may raise
            answer = {"failed": _said(error)}
        signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
