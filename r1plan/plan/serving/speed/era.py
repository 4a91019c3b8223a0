"""A server's software, of which a few months make it twice as fast."""

from __future__ import annotations

from typing import Literal, NamedTuple

ServerName = Literal["vllm", "sglang", "trtllm"]
ModelKind = Literal["dense", "mixture"]


class Era(NamedTuple):
    """One version, as the server calls itself, and the month in which it was measured; "" where that is not known.

    The month tells versions that call themselves alike apart, and whether tokens were predicted ahead, which no source
    of the rows says.
    """

    server: ServerName
    kind: ModelKind
    version: str = ""
    month: str = ""
