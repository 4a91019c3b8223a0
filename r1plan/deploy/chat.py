"""The commands of r1plan itself that fetch a planned model and talk with it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from r1plan.models.downloads import QuantDownload, download_of
from r1plan.plan.llamacpp.option import Option
from r1plan.plan.pins import Pins


def chat_command(option: Option, pins: Pins) -> str | None:
    """What talks with it, and first offers to fetch it where it isn't here; None: nobody has it, or it is for a server.

    `pins` are said again: `chat` plans by itself what they leave open.
    """
    held = download_of(option.model, option.quant)
    if held is None or option.settings.runtime == "llama-server" or option.settings.slots > 1:
        return None
    name = shlex.quote(held.first) if not held.repo else _name(option, held)
    return " ".join(("r1plan chat --model", name, *_pinned(pins)))


def pull_command(option: Option) -> str | None:
    """What fetches it alone; None: nobody has it, or it is a file on this disk."""
    held = download_of(option.model, option.quant)
    return f"r1plan models pull {_name(option, held)}" if held is not None and held.repo else None


def _name(option: Option, held: QuantDownload) -> str:
    """What it is called where models are named; a file that was named in a repository is named so again."""
    return shlex.quote(f"hf:{held.repo}/{held.first}") if held.tag is None else option.id


def _pinned(pins: Pins) -> Iterator[str]:
    if pins.context is not None:
        yield f"--context {pins.context}"
    if pins.kv_type is not None:
        yield f"--kv {pins.kv_type}"
    if pins.n_ubatch is not None:
        yield f"--ubatch {pins.n_ubatch}"
    if pins.gpu_layers is not None:
        yield f"--gpu-layers {pins.gpu_layers}"
    if pins.experts_on_cpu:
        yield "--experts-on-cpu"
    if not pins.flash_attn:
        yield "--no-flash-attn"
    if not pins.mapped:
        yield "--no-mmap"
