"""Which model it is, by the name of what a provider serves, and of which family: R1, its distills, its successors."""

from __future__ import annotations

import re
from typing import Literal

Family = Literal["r1", "distill", "successor", "other"]
"""R1 itself; what it was distilled into; what its maker sells in its stead; any other model."""


def model_key(serves: str) -> str:
    """One name for one model, whoever sells it: "DeepSeek-V4.1-Flash (1017)" is "deepseek-v4.1-flash"."""
    return re.split(r"[\s(,:]", serves.strip().rsplit("/", 1)[-1].casefold(), maxsplit=1)[0]


def family_of(serves: str, is_r1: bool) -> Family:
    """The family of what is called `serves`; `is_r1` when it is known to be R1 or a distill of it."""
    key = model_key(serves)
    if is_r1 or key.startswith(("r1-", "deepseek-r1")):
        return "distill" if key.startswith("r1-") or "distill" in key else "r1"
    return "successor" if key.startswith("deepseek-v") or key == "deepseek-flash" else "other"
