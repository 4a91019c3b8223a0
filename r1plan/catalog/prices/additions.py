"""New dated rows in a user's own price file: lines are added, and none that stands there is changed or lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import yaml

from r1plan.catalog.price import PriceList
from r1plan.catalog.prices.rules import errors_of
from r1plan.catalog.reading.files import CatalogFile
from r1plan.catalog.reading.validate import load_file
from r1plan.errors import CatalogError
from r1plan.files.exported import write_exported
from r1plan.files.plain import plain_bytes

_MOST_BYTES = 8 << 20
_HEAD = """\
# Your own prices of {name}, for a million tokens. Rows that `r1plan prices verify --write` added say so; they hold from
# when they were seen, and go before those of r1plan that began earlier. A price is never edited: when it changes, give
# the old row its effective_until and add a row that starts there.
provider: {provider}
currency: USD
checked: {day}
prices:
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedPrice:
    """One row to add: dollars a million tokens, in force from `seen_at` on. `cache_hit` None: none was published."""

    model: str
    input: Decimal
    cache_hit: Decimal | None
    output: Decimal
    seen_at: datetime
    source: str
    note: str


def add_prices(folder: Path, provider: str, name: str, rows: Sequence[AddedPrice]) -> Path:
    """Add `rows` to the price file of `provider`, which is called `name`, in `folder`. Returns the file.

    Where the file has a row of the same model that still holds, that row gets the `effective_until` it lacks. The file
    is replaced as a whole, once it is known to read. Raises CatalogError where rows cannot be added to what stands
    there, which stays as it is, and OSError.
    """
    path = next((each for ending in (".yaml", ".yml") if (each := folder / f"{provider}{ending}").exists()), None)
    path = path or folder / f"{provider}.yaml"
    old = plain_bytes(path, _MOST_BYTES).decode("utf-8-sig") if path.exists() else ""
    text = with_rows(old, provider, name, rows, str(path))
    with TemporaryDirectory() as trial:
        candidate = CatalogFile(Path(trial) / path.name, path.name)
        candidate.path.write_text(text, encoding="utf-8")
        for problem in errors_of(load_file(PriceList, candidate), provider):
            raise CatalogError(f"{path}: {problem.text}.", "mend the file by hand; nothing was written")
    folder.mkdir(parents=True, exist_ok=True)
    write_exported(path, text.encode(), replaces=True)
    return path


def with_rows(old: str, provider: str, name: str, rows: Sequence[AddedPrice], label: str) -> str:
    """The text of a price file with `rows` behind its last one; `old` is empty where there is no file yet. Pure.

    Raises CatalogError where `old` is no list of prices that lines can be added to.
    """
    if not old.strip():
        old = _HEAD.format(name=name, provider=provider, day=rows[0].seen_at.astimezone(UTC).date())
        return old + "".join(_row(each, "  ") for each in rows)
    listed = _rows_in(old, label)
    lines = old.splitlines(keepends=True)
    if not lines[-1].endswith(("\n", "\r")):
        lines[-1] += "\n"
    ended = {each.model: each.seen_at for each in rows}
    for node in reversed(listed.value):
        fields = {key.value: value for key, value in node.value} if isinstance(node, yaml.MappingNode) else {}
        model = fields.get("model")
        if model is None or model.value not in ended:
            continue
        until = fields.get("effective_until")
        if until is not None and until.value not in ("null", "~", ""):
            continue
        said = until is not None or "effective_until_precision" in fields
        if said or node.flow_style or len(node.value) < 2:
            raise CatalogError(
                f"{label}, line {node.start_mark.line + 1}: {model.value} has a price there that holds without an end.",
                f"set its effective_until to {_instant(ended[model.value])}, and ask again",
            )
        at, indent = node.value[1][0].start_mark.line, " " * node.start_mark.column
        end = f"effective_until: {_instant(ended[model.value])}"
        lines[at:at] = [f"{indent}{end}\n", f"{indent}effective_until_precision: instant\n"]
    indent = " " * listed.start_mark.column
    return "".join(lines) + "".join(_row(each, indent) for each in rows)


def _rows_in(text: str, label: str) -> yaml.SequenceNode:
    """The list of prices, where it is written a row a line and is the last of the file."""
    try:
        root = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        root = None
    pairs = root.value if isinstance(root, yaml.MappingNode) else []
    last = pairs[-1] if pairs else None
    if (
        last is None
        or last[0].value != "prices"
        or not isinstance(last[1], yaml.SequenceNode)
        or last[1].flow_style
        or not last[1].value
    ):
        raise CatalogError(
            f"{label} does not end with a list of prices, a row a line.", "r1plan prices check says what it holds"
        )
    return last[1]


def _row(each: AddedPrice, indent: str) -> str:
    hit = "null" if each.cache_hit is None else f"'{_amount(each.cache_hit)}'"
    lines = (
        f"- model: {_quoted(each.model)}",
        f"  effective_from: {_instant(each.seen_at)}",
        "  effective_from_precision: instant",
        f"  evidence_first_seen: {each.seen_at.astimezone(UTC).date()}",
        f"  checked: {each.seen_at.astimezone(UTC).date()}",
        f"  rates: {{input_cache_miss: '{_amount(each.input)}', input_cache_hit: {hit}, "
        f"output: '{_amount(each.output)}'}}",
        f"  sources: [{_quoted(each.source)}]",
        "  confidence: high",
        f"  note: {_quoted(each.note)}",
    )
    return "\n" + "".join(f"{indent}{line}\n" for line in lines)


def _amount(price: Decimal) -> str:
    return f"{price:f}"


def _instant(at: datetime) -> str:
    # To the microsecond: two changes may be seen within a second, and a row ends after it began.
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}".rstrip("0").rstrip(".") + "Z"


def _quoted(text: str) -> str:
    """`text` as YAML holds any text."""
    return "'" + text.replace("'", "''") + "'"
