"""What is said where a name of a model or a quant could have meant another."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from r1plan.models.names import NameTaken
    from r1plan.models.quant_names import QuantTaken


def name_remarks(taken: NameTaken | None, quant: QuantTaken | None) -> Iterator[str]:
    """A sentence for each name that was not plain."""
    if taken is not None:
        yield taken_text(taken)
    if quant is not None:
        yield f"'{quant.typed}' is taken for {quant.name}, the usual one of its kind: --quant says another."


def taken_text(taken: NameTaken) -> str:
    """For which model a name was taken, and which others it could mean."""
    typed, id_, others = taken.typed, taken.taken[0], " or ".join(taken.others)
    match taken.why:
        case "usual":
            return f"'{typed}' may also mean {others}: {id_} is taken."
        case "ollama":
            return f"'{typed}' is Ollama's name for {id_}." + (f" --model {taken.others[0]} is another." * bool(others))
        case "api":
            return f"'{typed}' is a name of DeepSeek's API: the last open model behind it, {id_}, is taken."
        case "itself":
            return f"'{typed}' is taken for {id_}, R1 (671B) itself; Ollama's model of that name is {others}."
        case "near":
            return f"'{typed}' is taken for {id_}."
        case "any":
            return f"'{typed}' may mean {len(taken.taken)} models; the best of them here is chosen."
    assert_never(taken.why)
