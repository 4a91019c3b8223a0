"""What a file is called: its quant and its model, by its name, else by what it says of itself or by its tensors."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from r1plan.models.gguf.file import SHARD, Gguf

_QUANT = re.compile(
    r"(?<![a-z0-9])((?:UD-)?(?:I?Q\d(?:_[a-z0-9]+)+|TQ\d_\d|BF16|F16|F32|MXFP4|NVFP4))(?![a-z0-9])", re.IGNORECASE
)
# llama.h's llama_ftype at build 0c1e57098, general.file_type.
FILE_TYPES = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K"}
FILE_TYPES |= {11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M"}
FILE_TYPES |= {18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S"}
FILE_TYPES |= {25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M"}
FILE_TYPES |= {32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4"}


def quant_name(gguf: Gguf) -> str:
    """The quant that the file's name holds, else the one it says, else the type that most of its bytes have."""
    named = [each.upper() for each in _QUANT.findall(gguf.name)]
    kind = gguf.whole("general.file_type")
    told = FILE_TYPES.get(kind) if kind is not None else None
    return named[-1] if named else told or next(iter(type_sizes(gguf)), "no quant")


def title(gguf: Gguf) -> str:
    """The file's name without its ending, shard and quant; it becomes the model's id."""
    stem = re.sub(r"(-\d{5}-of-\d{5})?\.gguf$", "", gguf.name, flags=re.I)
    return _QUANT.sub("", stem).strip("-_. ") or stem


def first_shard(path: Path) -> Path:
    """The first shard of the model that `path` is a shard of, which engines are given; `path` where it is not there."""
    found = SHARD.match(path.name)
    first = path if found is None else path.with_name(f"{found[1]}-{1:05d}-of-{found[3]}.gguf")
    return first if first.exists() else path


def type_sizes(gguf: Gguf) -> Mapping[str, int]:
    """Bytes by type, the largest first."""
    sizes: Counter[str] = Counter()
    for tensor in gguf.tensors:
        sizes[tensor.type.name] += tensor.bytes
    return dict(sizes.most_common())
