"""Types of weights as people call them: "q4", "4-bit", "Q4KM", "UD-Q2", "fp8"; each brought to the name of one."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from r1plan.errors import NotFound, UsageError

# What a family of types usually means, the most usual first: the medium mix where there is one.
_USUAL: dict[str, tuple[str, ...]] = {
    "q2": ("Q2_K", "UD-Q2_K_XL"),
    "q3": ("Q3_K_M", "UD-Q3_K_XL"),
    "q4": ("Q4_K_M", "UD-Q4_K_XL"),
    "q5": ("Q5_K_M", "UD-Q5_K_XL"),
    "q6": ("Q6_K", "UD-Q6_K_XL"),
    "q8": ("Q8_0", "UD-Q8_K_XL"),
    "iq1": ("IQ1_M", "IQ1_S"),
    "iq2": ("IQ2_M", "IQ2_S"),
    "iq3": ("IQ3_M", "IQ3_S"),
    "iq4": ("IQ4_XS", "IQ4_NL"),
    "tq1": ("UD-TQ1_0", "TQ1_0"),
    "udq2": ("UD-Q2_K_XL",),
    "udq3": ("UD-Q3_K_XL",),
    "udq4": ("UD-Q4_K_XL",),
    "udq5": ("UD-Q5_K_XL",),
    "udq6": ("UD-Q6_K_XL",),
    "udq8": ("UD-Q8_K_XL",),
    "udiq1": ("UD-IQ1_S", "UD-IQ1_M"),
    "udiq2": ("UD-IQ2_XXS", "UD-IQ2_M"),
    "udiq3": ("UD-IQ3_XXS",),
    "udtq1": ("UD-TQ1_0",),
    # The labels of the January files of R1.
    "1bit": ("UD-IQ1_S", "IQ1_S"),
    "158bit": ("UD-IQ1_S",),
    "173bit": ("UD-IQ1_M",),
    "222bit": ("UD-IQ2_XXS",),
    "251bit": ("UD-Q2_K_XL",),
    "16bit": ("F16",),
}
_SAME = {f"{bits}bit": f"q{bits}" for bits in "234568"} | {f"int{bits}": f"q{bits}" for bits in "2345678"}
_SAME |= {f"q{bits}k": f"q{bits}" for bits in "234568"} | {f"udq{bits}k": f"udq{bits}" for bits in "234568"}
_SAME |= {f"q{bits}kxl": f"udq{bits}" for bits in "234568"} | {"fp16": "f16", "float16": "f16", "half": "f16"}

SERVED_TYPES = ("BF16", "FP16", "FP8", "AWQ", "GPTQ", "NVFP4")
"""The types of checkpoints that a server such as vLLM loads. But for FP16 none is a type of GGUF files, too."""

_SERVED = {each.casefold(): each for each in SERVED_TYPES if each != "FP16"}
_SERVED |= {"bfloat16": "BF16", "fp8dynamic": "FP8", "fp8e4m3": "FP8", "w8a8fp8": "FP8", "float8": "FP8"}
_SERVED |= {"awqint4": "AWQ", "awq4bit": "AWQ", "int4awq": "AWQ", "awqmarlin": "AWQ", "w4a16awq": "AWQ"}
_SERVED |= {"gptqint4": "GPTQ", "gptq4bit": "GPTQ", "int4gptq": "GPTQ", "gptqmarlin": "GPTQ", "w4a16": "GPTQ"}
_SERVED |= {"fp4": "NVFP4", "nvidiafp4": "NVFP4", "nvfp4v2": "NVFP4", "gptq4b128g": "GPTQ", "gptq4b128gexperts": "GPTQ"}
# What a server would be asked for by the number of bits alone; only where no GGUF is meant.
_SERVED_BITS = {"4bit": "AWQ", "int4": "AWQ", "8bit": "FP8", "16bit": "BF16"}
_SERVED_HALF = frozenset({"f16", "fp16", "float16", "half"})
_NEAREST_GGUF = {"BF16": "F16", "FP8": "Q8_0", "AWQ": "Q4_K_M", "GPTQ": "Q4_K_M", "NVFP4": "Q4_K_M"}
# Files of other programs, which nothing here runs.
_OTHERS = {"exl2": "ExLlama", "exl3": "ExLlama", "mlx": "MLX", "bnb": "bitsandbytes", "nf4": "bitsandbytes"}

_GGUF = r"(?:ud[-_ ]?)?(?:i?q[1-8]|tq[12])(?:[-_ ]?(?:k|0|1|nl|xxs|xs|s|m|l|xl))*(?:[-_ ]r4)?"
_BITS = r"(?:b?f(?:p|loat)?16|f(?:p)?32|(?:\d\.)?\d{1,2}[- ]?bits?|int[2-8])"
_CHECKPOINT = (
    r"(?:fp8(?:[-_ ](?:dynamic|e4m3))?|awq(?:[-_ ](?:int4|4bit))?|(?:nv)?fp4(?:-v\d)?|w4a16"
    r"|gptq(?:[-_ ](?:int4|4bit|4b-\d+g(?:-experts)?))?)"
)
_TAIL = re.compile(rf"(?:^|(?<=[-_. :/]))(?:{_GGUF}|{_BITS}|{_CHECKPOINT})$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class QuantTaken:
    """The type that `typed` was taken for, where that says less than one type: "q4" is Q4_K_M."""

    typed: str
    name: str


def split_quant(text: str) -> tuple[str, str | None]:
    """`text` without the type of weights at its end, and that; None: it ends with none, or is nothing else."""
    found = _TAIL.search(text)
    if found is None:
        return text, None
    return text[: found.start()].rstrip("-_. :/"), found[0]


def gguf_quant(typed: str, known: Collection[str]) -> tuple[str, QuantTaken | None]:
    """The one of `known` types of GGUF files that `typed` means, and what is to be said of it.

    Raises UsageError for a type that only a server or another program loads, NotFound for any other that is not known.
    """
    plain = _plain(typed)
    same = [each for each in known if _plain(each) == plain]
    if same:
        return same[0], None
    if (served := _SERVED.get(plain)) is not None:
        raise UsageError(
            f"--quant {typed}: {served} is a type of checkpoints that vLLM serves, and no GGUF's.",
            f"add --engine vllm; the GGUF nearest to it is {_NEAREST_GGUF[served]}",
        )
    if (program := _OTHERS.get(plain)) is not None:
        raise UsageError(
            f"--quant {typed}: that is a type of {program}, which r1plan does not plan for.",
            "leave --quant out, or give a GGUF's such as Q4_K_M",
        )
    for family in (plain, _SAME.get(plain, plain)):
        same = [each for each in known if _plain(each) == family]
        usual = [*same, *(each for each in _USUAL.get(family, ()) if each in known)]
        if usual:
            return usual[0], None if same else QuantTaken(typed, usual[0])
    plainer = plain.removeprefix("ud")  # of a model without dynamic files
    near = tuple(each for each in _USUAL.get(_SAME.get(plainer, plainer), ()) if each in known)
    near += tuple(each for each in known if _plain(each) in (plainer, plainer.removesuffix("xl") + "m"))
    if near:
        raise NotFound(f"unknown quant '{typed}'.", f"did you mean {near[0]}?", near[:1])
    raise NotFound.among("quant", typed, known, f"known are {', '.join(known)}")


def served_quant(typed: str) -> tuple[str, QuantTaken | None]:
    """The type of checkpoint that `typed` means, as far as it names one; anything else as it is.

    Raises UsageError for a type of GGUF files.
    """
    plain = _plain(typed)
    if plain in _SERVED or plain in _SERVED_HALF:
        return _SERVED.get(plain, "FP16"), None
    if plain in _SERVED_BITS:
        return _SERVED_BITS[plain], QuantTaken(typed, _SERVED_BITS[plain])
    if re.fullmatch(_GGUF, typed.strip(), re.IGNORECASE):
        raise UsageError(
            f"--quant {typed} with --engine vllm: that is a type of GGUF files, which llama.cpp runs.",
            f"leave --engine out, or give one of {', '.join(SERVED_TYPES)}",
        )
    return typed, None


def usual_names(typed: str) -> tuple[str, ...]:
    """What files of the type `typed` may be called: the name itself, and what is usual of its family."""
    plain = _plain(typed)
    return (typed, *_USUAL.get(_SAME.get(plain, plain), ()))


def _plain(text: str) -> str:
    folded = text.strip().casefold().removesuffix(".gguf")
    return re.sub(r"[^a-z0-9]", "", re.sub(r"bits\b", "bit", folded))
