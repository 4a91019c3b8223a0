"""What a plan says of the model beside its figures: where its files are to be had, and that a distill is not R1."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any

from r1plan.models.downloads import QuantDownload, download_of
from r1plan.plan.plan import R1Beside
from r1plan.render.text.units import count, rate
from r1plan.units import GIB

if TYPE_CHECKING:
    from r1plan.catalog.model import Model, Quant

_SEARCH = "https://huggingface.co/models?search="


_NO_COMMANDS: dict[str, str | None] = {"pull_command": None, "chat_command": None}


def where_to_get(model: Model, quant: Quant) -> str:
    """The repository, the files and their bytes; where none is known, where to look."""
    held = download_of(model, quant)
    if held is None:
        name = model.hf_repo.rpartition("/")[2] or model.id
        return (
            f"No repository that r1plan knows holds {quant.name} of {model.id}: look at {_SEARCH}{name}+GGUF, or make "
            f"it with llama-quantize."
        )
    if not held.repo:
        return f"The file: {held.first} ({_gb(held.bytes)})."
    return f"Get it: {held.repo}, {_files(held)} ({_gb(held.bytes)})."


def download_document(
    held: QuantDownload | None, command: str | None, pull: str | None = None, chat: str | None = None
) -> dict[str, Any] | None:
    """A GGUF's repository and files for a program; None where none is known. A file on this disk has no repository.

    `command` runs it in a server, which fetches it too; `pull` fetches it alone, and `chat` talks with it.
    """
    if held is None:
        return None
    return {
        "repo": held.repo or None,
        "revision": held.revision,
        "files": [{"name": each.name, "bytes": each.bytes} for each in held.files],
        "bytes": held.bytes,
        "command": command,
        "pull_command": pull,
        "chat_command": chat,
    }


def checkpoint_to_get(repo: str | None, model: Model, dtype: str) -> str:
    """The repository of a checkpoint, whose files the server fetches itself."""
    if repo is None:
        name = model.hf_repo.rpartition("/")[2] or model.id
        return f"No repository that r1plan knows holds {model.id} in {dtype}: look at {_SEARCH}{name}+{dtype}."
    return f"Get it: {repo}; vLLM fetches it when it starts."


def checkpoint_document(repo: str | None, command: str | None) -> dict[str, Any] | None:
    """A checkpoint's repository for a program; None where none is known. Its files are not listed: all are needed."""
    if repo is None:
        return None
    return {"repo": repo, "revision": None, "files": [], "bytes": None, "command": command, **_NO_COMMANDS}


def r1_text(r1: R1Beside) -> str:
    """That a distill is not R1 itself, and what R1 would need here, in a line of 80 columns."""
    said = "A distill, not R1 (671B) itself"
    if r1.tok_s is not None:
        return f"{said}, which makes about {rate(r1.tok_s)} tok/s here (--model R1)."
    quant, weights = r1.id.rpartition(":")[2], ceil(r1.weights_bytes / GIB)
    if r1.weights_bytes > r1.memory_bytes:
        return f"{said}: that takes {weights:,} GiB ({quant}), {r1.memory_bytes // GIB:,} are free."
    return f"{said}: that takes {weights:,} GiB ({quant}), see --model R1."


def r1_fields(r1: R1Beside | None) -> dict[str, Any] | None:
    """The same for a program; None where the choice is R1, or there is none."""
    if r1 is None:
        return None
    return {
        "id": r1.id,
        "weights_bytes": r1.weights_bytes,
        "memory_bytes": r1.memory_bytes,
        "decode_tok_s": None if r1.tok_s is None else round(r1.tok_s, 2),
    }


def _files(held: QuantDownload) -> str:
    if len(held.files) == 1:
        return held.first
    return f"{count(len(held.files), 'file')} from {held.first} on"


def _gb(size: int) -> str:
    return f"{size / 1e9:,.1f} GB"
