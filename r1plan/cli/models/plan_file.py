"""A plan that `recommend --json` printed, as the files that it says to run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from r1plan.errors import UsageError
from r1plan.files.pipe import given_bytes
from r1plan.files.plain import opened_plain, too_large
from r1plan.files.text import decoded
from r1plan.models.pull.pinned import MOST_SHARDS, WantedFiles, WantedModel, is_repository, is_safe_name
from r1plan.settings import expanded

_STANDARD_INPUT = "-"
_MOST_BYTES = 16 << 20
_HINT = "give what `r1plan recommend --json` printed"


def is_plan(typed: str) -> bool:
    """Whether a plan is meant: standard input, a pipe, or a file that is called or begins as JSON does."""
    if typed == _STANDARD_INPUT:
        return True
    path = expanded(Path(typed))
    try:
        if not path.is_file():
            return path.is_fifo()
        if path.suffix.casefold() == ".json":
            return True
        with opened_plain(path) as opened:
            return opened.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
    except (OSError, ValueError):
        return False


def files_of_plan(typed: str, revision: str | None) -> WantedModel:
    """The files of a plan's choice. Raises UsageError where there is no plan, or one of nothing to fetch."""
    name = "standard input" if typed == _STANDARD_INPUT else typed
    try:
        choice: dict[str, Any] = json.loads(decoded(_content(typed)))["choice"]
        model, quant, download = str(choice["model"]), str(choice["quant"]), choice["download"]
    except OSError as error:
        raise UsageError(f"{name} {error.strerror or error}.", _HINT) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{name} holds no plan with a choice.", _HINT) from error
    try:
        repo, at = download["repo"], revision or download["revision"] or "main"
        names = tuple(each["name"] for each in download["files"])
        if 0 < len(names) <= MOST_SHARDS and is_safe_name(at) and is_repository(repo) and all(map(is_safe_name, names)):
            return WantedModel(WantedFiles(repo, names, None, at), model, quant)
    except (TypeError, KeyError, AttributeError):
        pass
    raise UsageError(f"{name} does not say where {model}:{quant} is to be had.", "name the model, or its files")


def _content(typed: str) -> bytes:
    if typed != _STANDARD_INPUT:
        return given_bytes(expanded(Path(typed)), _MOST_BYTES)
    content = b"" if sys.stdin is None else sys.stdin.buffer.read(_MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise too_large(_MOST_BYTES)
    return content
