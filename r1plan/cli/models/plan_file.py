"""A plan that `recommend --json` printed, as the files that it says to run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from r1plan.errors import UsageError
from r1plan.files.plain import plain_bytes
from r1plan.files.text import decoded
from r1plan.models.pull.pinned import WantedFiles, WantedModel, is_repository, is_safe_name
from r1plan.settings import expanded

_MOST_BYTES = 16 << 20
_HINT = "give what `r1plan recommend --json` printed"


def files_of_plan(file: str, revision: str | None) -> WantedModel:
    """The files of a plan's choice. Raises UsageError where the file holds no plan, or one of nothing to fetch."""
    try:
        choice: dict[str, Any] = json.loads(decoded(plain_bytes(expanded(Path(file)), _MOST_BYTES)))["choice"]
        model, quant, download = str(choice["model"]), str(choice["quant"]), choice["download"]
    except OSError as error:
        raise UsageError(f"{file} {error.strerror or error}.", _HINT) from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise UsageError(f"{file} holds no plan with a choice.", _HINT) from error
    try:
        repo, at = download["repo"], revision or download["revision"] or "main"
        names = tuple(each["name"] for each in download["files"])
        if names and isinstance(at, str) and is_repository(repo) and all(map(is_safe_name, names)):
            return WantedModel(WantedFiles(repo, names, None, at), model, quant)
    except (TypeError, KeyError, AttributeError):
        pass
    raise UsageError(f"{file} does not say where {model}:{quant} is to be had.", "name the model, or its files")
