"""Why a line of a usage log cannot be used. `sql/entry.sql` decides that; this names the reason for a person."""

from __future__ import annotations

import json
import re
from datetime import datetime

from r1plan.ledger.entry import SCHEMA

INSTANT = re.compile(r"20\d\d-[01]\d-[0-3]\dT([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?(Z|[+-](0\d|1[0-4]):[0-5]\d)")
_MONEY = re.compile(r"\d{1,18}(\.\d{1,15})?")
_STATUSES = ("ok", "length", "aborted", "failed", "started")
_TOKENS = ("input_tokens", "cache_hit_tokens", "output_tokens", "thinking_tokens")


def reason(line: bytes) -> str:
    """What is wrong with `line`, with the value; without a full stop."""
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        return f"not UTF-8 at byte {error.start + 1}"
    try:
        row = json.loads(text)
    except json.JSONDecodeError as error:
        torn = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        return "torn: the line ends in the middle" if torn else f"not JSON: {error.msg} at column {error.colno}"
    except (RecursionError, ValueError):
        return "not JSON that can be read"
    if not isinstance(row, dict):
        return f"expected an object, got {_shown(row)}"
    if row.get("schema") != SCHEMA:
        return f"schema: expected '{SCHEMA}', got {_shown(row.get('schema'))}"
    return _wrong_field(row) or "not a row that can be read"


def _wrong_field(row: dict[str, object]) -> str | None:
    for name in ("id", "provider", "model_requested"):
        if not isinstance(row.get(name), str) or not row[name]:
            return _expected(row, name, "a text")
    if row.get("status") not in _STATUSES:
        return _expected(row, "status", f"one of {', '.join(_STATUSES)}")
    for name in ("started_at", "first_token_at", "ended_at"):
        value = row.get(name)
        if (value is None and name == "started_at") or (value is not None and not _is_instant(value)):
            return _expected(row, name, "an ISO 8601 instant with its offset")
    for name in _TOKENS:
        value = row.get(name)
        if value is not None and (type(value) is not int or not 0 <= value < 10**18):
            return _expected(row, name, "a whole number of tokens, 0 or more")
    for name in ("cost_low_usd", "cost_high_usd"):
        value = row.get(name)
        if value is not None and not (isinstance(value, str) and _MONEY.fullmatch(value)):
            return _expected(row, name, "an amount of USD as a text")
    if row.get("project") is not None and not isinstance(row["project"], str):
        return _expected(row, "project", "a text")
    if row.get("tags") is not None and not isinstance(row["tags"], dict):
        return _expected(row, "tags", "an object")
    return None


def _is_instant(value: object) -> bool:
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:  # such as 30 February
        return False
    return True


def _expected(row: dict[str, object], name: str, what: str) -> str:
    return f"{name}: expected {what}, got {_shown(row[name])}" if name in row else f"{name}: missing"


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:39]}…"
