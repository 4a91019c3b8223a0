"""The models that are here, for people: what each needs, whether it fits, when it was used last, where it lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from r1plan.models.gguf.naming import title
from r1plan.models.store.find import quant_of
from r1plan.models.store.look import StoredModel, StoreListing
from r1plan.render.models.words import STORE_NAMES, state_of, state_text, trouble_text
from r1plan.render.text.sanitize import printable
from r1plan.render.text.table import column_widths, table_row, table_width
from r1plan.render.text.units import count, memory_size
from r1plan.render.text.width import path_end
from r1plan.render.text.wrap import wrapped

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.option import Option

SCHEMA = "r1plan.models/1"
_SIDES = "<<>><<"
_HEADS = ("model", "quant", "size", "needs", "fits", "last used")
_NONE = "–"
_LEAST_NAME_CELLS, _MOST_NAME_CELLS = 20, 44


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model that is here. `option` is how it would run, None where that cannot be planned."""

    model: StoredModel
    option: Option | None = None
    used_at: datetime | None = None


def here_lines(rows: Sequence[ListedModel], listing: StoreListing, width: int) -> Iterator[str]:
    """The list for a terminal of `width` columns: the answer first, then a table, then the folders of the stores.

    Each row has what its store calls it.
    """
    yield from wrapped(_headline(rows, listing), width)
    if rows:
        yield ""
        yield from _table(rows, width)
        yield ""
        stores = {each.model.stored.store for each in rows}
        for place in listing.places:
            if place.store in stores:
                text = f"{STORE_NAMES[place.store]}: {place.path}"
                yield from wrapped(printable(text), width, later="  ", cut_words=True)
    for each in listing.troubles:
        yield ""
        yield from wrapped(printable(f"note: {trouble_text(each)}"), width, cut_words=True)


def _headline(rows: Sequence[ListedModel], listing: StoreListing) -> str:
    ready = [each for each in rows if each.model.is_whole]
    if not rows:
        places = f"{count(len(listing.places), 'store')} of models" if listing.places else "no store of models"
        return (
            f"No model is here: {places} was found. r1plan models pull fetches the one that recommend chooses, "
            "r1plan models list --known lists what there is."
        )
    fitting = sum(1 for each in ready if each.option is not None and each.option.in_memory)
    size = sum(each.model.stored.bytes for each in rows)
    stores = len({each.model.stored.store for each in rows})
    several = f"in {count(stores, 'store')}, " if stores > 1 else ""
    fits = f"{fitting} of them {'fits' if fitting == 1 else 'fit'} this machine"
    return f"{count(len(ready), 'model')} here, {several}{memory_size(size)}; {fits}."


def _table(rows: Sequence[ListedModel], width: int) -> Iterator[str]:
    cells = [_cells(each) for each in rows]
    widths = column_widths([_HEADS, *cells])
    others = table_width(widths) - widths[0]
    widths[0] = min(widths[0], _MOST_NAME_CELLS, max(_LEAST_NAME_CELLS, width - others))
    yield table_row(_HEADS, widths, _SIDES)
    for each, row in zip(rows, cells, strict=True):
        yield table_row((path_end(row[0], widths[0]), *row[1:]), widths, _SIDES)
        said = state_text(each.model)
        where = f"{STORE_NAMES[each.model.stored.store]}: {', '.join(each.model.stored.names)}"
        for text in (said, where):
            if text:
                yield from wrapped(printable(text), width, first="  ", later="    ", cut_words=True)


def _cells(each: ListedModel) -> tuple[str, str, str, str, str, str]:
    option = each.option
    return (
        printable(name_of(each.model)),
        printable(quant_of(each.model) or _NONE),
        memory_size(each.model.stored.bytes),
        _NONE if option is None else memory_size(option.needed_bytes),
        _NONE if option is None else _fits(option),
        _NONE if each.used_at is None else each.used_at.astimezone().date().isoformat(),
    )


def _fits(option: Option) -> str:
    if not option.fits:
        return "no"
    return f"yes, {option.context:,} tokens" if option.in_memory else "from disk"


def name_of(model: StoredModel) -> str:
    """The catalogue's id, else what the store or the file calls it."""
    if model.id is not None:
        return model.id
    if model.stored.store == "ollama" or model.gguf is None:
        return model.stored.names[0]
    return title(model.gguf)


def here_document(rows: Sequence[ListedModel], listing: StoreListing) -> dict[str, Any]:
    """The list for a program."""
    return {
        "schema": SCHEMA,
        "models": [_model(each) for each in rows],
        "stores": [{"store": each.store, "path": str(each.path)} for each in listing.places],
        "troubles": [
            {
                "store": each.place.store,
                "path": str(each.place.path),
                "trouble": each.trouble,
                "paths": [str(path) for path in each.paths],
                "text": trouble_text(each),
            }
            for each in listing.troubles
        ],
    }


def _model(each: ListedModel) -> Mapping[str, Any]:
    model, option = each.model, each.option
    stored, gguf, file = model.stored, model.gguf, model.file
    return {
        "name": name_of(model),
        "id": model.id,
        "quant": quant_of(model),
        "architecture": None if gguf is None else gguf.text("general.architecture"),
        "params": None if file is None else file.model.params,
        "state": state_of(model),
        "problem": state_text(model) or None,
        "bytes": stored.bytes,
        "files": stored.files,
        "store": stored.store,
        "names": list(stored.names),
        "path": str(stored.path),
        "fits": None if option is None else option.in_memory,
        "disk_bytes": None if option is None else option.disk_bytes,
        "needs_bytes": None if option is None else option.needed_bytes,
        "context": None if option is None else option.context,
        "decode_tok_s": None if option is None else round(option.tok_s, 2),
        "last_used": each.used_at,
    }
