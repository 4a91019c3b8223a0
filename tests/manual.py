"""The manual page, man/r1plan.1: made of what `--help` says, and compared with it by a test.

`python -m tests.manual` writes it anew. Its language is man(7), which every `man` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from typing import Any

import typer

from r1plan import __version__
from r1plan.cli import COMMANDS, FIRST, build

MANUAL = Path(__file__).parent.parent / "man" / "r1plan.1"

_COLUMNS = 76
_ENVIRONMENT = (
    ("R1PLAN_HOME", "One folder for configuration, data and cache, in the place of the XDG directories."),
    ("DEEPSEEK_API_KEY, TOGETHER_API_KEY, …", "The key of a provider, in its usual variable."),
    ("R1PLAN_<PROVIDER>_BASE_URL", "Another address for a provider."),
    ("R1PLAN_<PROVIDER>_CURRENCY", "USD or CNY: what your account there is billed in."),
    ("R1PLAN_POWER_PRICE", "USD for a kWh, as --power-price of r1plan chat."),
    ("R1PLAN_ALLOW_PLAIN_HTTP", "A host to which a key may go over plain http."),
    ("HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE", "As for Hugging Face's own programs."),
    ("NO_COLOR", "Set to anything: no colours."),
)
_FILES = (
    ("~/.local/share/r1plan/logs/YYYY-MM.jsonl", "The usage logs, JSON lines."),
    ("~/.local/share/r1plan/conversations/", "Saved conversations."),
    ("~/.config/r1plan/pricing/, profiles/", "Your own prices, models, hardware, providers and routes."),
    (
        "~/.config/r1plan/budgets.yaml, keys.yaml",
        "What a month may cost; keys, if you want them in a file (mode 0600).",
    ),
)
_EXIT = (
    ("0", "Done."),
    ("1", "Could not, or nothing was there."),
    ("2", "The command line is wrong."),
    ("3", "No model, quant and layout fits."),
    ("4", "It would cost more than allowed; nothing was sent."),
    ("130", "Interrupted."),
)


def manual() -> str:
    """The whole page."""
    root = build()
    context = typer.Context(root, info_name="r1plan", **root.context_settings)
    lines = [
        f'.TH R1PLAN 1 "" "r1plan {__version__}" "User Commands"',
        ".SH NAME",
        f"r1plan \\- {_plain(root.help or '')}",
        ".SH SYNOPSIS",
        ".B r1plan",
        r"\fICOMMAND\fR [\fIOPTIONS\fR] [\fIARGS\fR]...",
        ".SH EXAMPLES",
        *_terms((f"\\fB{_plain(typed)}\\fR", about) for typed, about in FIRST),
        ".SH OPTIONS",
        *_options(root, context),
    ]
    for name in COMMANDS:
        command = root.get_command(context, name)
        lines += [f".SH R1PLAN {name.upper()}", *_command(command, context, name)]
    for title, entries in (("ENVIRONMENT", _ENVIRONMENT), ("FILES", _FILES), ("EXIT STATUS", _EXIT)):
        lines += [f".SH {title}", *_terms((f"\\fB{_plain(term)}\\fR", about) for term, about in entries)]
    return "\n".join(lines) + "\n"


def _command(command: Any, parent: Any, name: str) -> Iterator[str]:
    context = typer.Context(command, info_name=name, parent=parent)
    subcommands = getattr(command, "commands", {})
    usage = " ".join(command.collect_usage_pieces(context))
    yield rf"\fBr1plan {_plain(context.command_path.removeprefix('r1plan '))}\fR {_plain(usage)}"
    yield from _paragraphs(command.help or "")
    if not subcommands:
        yield from _options(command, context)
        yield from _paragraphs(command.epilog or "")
    for each, found in subcommands.items():
        yield f".SS {_plain(f'r1plan {name} {each}')}"
        yield from _command(found, context, each)


def _options(command: Any, context: Any) -> Iterator[str]:
    records = [record for each in command.get_params(context) if (record := each.get_help_record(context))]
    yield from _terms((_bold_names(names), about) for names, about in records)


def _bold_names(names: str) -> str:
    """`-m, --model ID` with what is typed in bold, and the rest in italics."""
    words = [
        f"\\fB{_plain(word)}\\fR" if word.startswith("-") else word if word == "/" else f"\\fI{_plain(word)}\\fR"
        for word in re.split(r"(?<=,) | ", names)
    ]
    return " ".join(words)


def _terms(entries: Iterator[tuple[str, str]]) -> Iterator[str]:
    for term, about in entries:
        yield from (".TP", term, *(_wrapped(about) or [r"\&"]))


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text.strip()):
        if paragraph.strip():
            yield from (".PP", *_wrapped(paragraph))


def _wrapped(text: str) -> list[str]:
    return [_plain(line) for line in wrap(" ".join(text.split()), _COLUMNS, break_on_hyphens=False)]


def _plain(text: str) -> str:
    """`text` on one line that means nothing to roff."""
    text = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    for character, name in (("…", "..."), ("×", r"\(mu"), ("`", r"\(ga"), ("'", r"\(aq")):
        text = text.replace(character, name)
    return f"\\&{text}" if text.startswith(".") else text


def rewrite() -> None:
    """Write the page anew."""
    MANUAL.parent.mkdir(exist_ok=True)
    MANUAL.write_text(manual(), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
