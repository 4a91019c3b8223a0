"""`--chat-template FILE`: how a conversation becomes a prompt, for a model file that does not say it."""

from __future__ import annotations

import json
from pathlib import Path

from r1plan.errors import UsageError
from r1plan.files.pipe import given_bytes

_MOST_BYTES = 1 << 20  # the longest in use have some ten thousand characters
_WHERE = "give chat_template.jinja of the model's repository, or its tokenizer_config.json."


def read_template(path: Path | None) -> str | None:
    """The text of the template in the file `path`, or in a tokenizer_config.json; None without one.

    Raises UsageError for what can be none.
    """
    if path is None:
        return None
    try:
        text = given_bytes(path, _MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text.", _WHERE) from error
    except OSError as error:
        raise UsageError(
            f"cannot read {path}: {error.strerror}.", "check the path given to --chat-template."
        ) from error
    text = _inside(text)
    if "{{" not in text and "{%" not in text:
        raise UsageError(f"{path} holds no chat template.", _WHERE)
    return text


def _inside(text: str) -> str:
    """The template in `text`: itself, or what a tokenizer's settings hold, "" where they hold none."""
    try:
        settings = json.loads(text)
    except (ValueError, RecursionError):
        return text
    found = settings.get("chat_template") if isinstance(settings, dict) else None
    if isinstance(found, list):  # several, by name
        named = {each.get("name"): each.get("template") for each in found if isinstance(each, dict)}
        found = named.get("default")
    return found if isinstance(found, str) else ""
