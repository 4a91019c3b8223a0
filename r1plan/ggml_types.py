"""How many bytes ggml's tensor types take: a row is stored as whole blocks, each of a fixed size.

Block lengths, sizes and the numbers that a GGUF names them by are ggml's at build 0c1e57098 (ggml.h, ggml_type;
gguf-py/gguf/constants.py, GGML_QUANT_SIZES).
"""

from __future__ import annotations

from typing import NamedTuple

# In a file and in a buffer each tensor starts on such a boundary (GGUF's general.alignment, ggml's TENSOR_ALIGNMENT).
TENSOR_ALIGNMENT = 32


class BlockType(NamedTuple):
    """A tensor type: `number` in a GGUF, `elements` a block and `bytes` a block."""

    name: str
    number: int
    elements: int
    bytes: int


BLOCK_TYPES: dict[str, BlockType] = {
    name: BlockType(name, number, elements, size)
    for name, number, elements, size in (
        ("F32", 0, 1, 4),
        ("F16", 1, 1, 2),
        ("Q4_0", 2, 32, 18),
        ("Q4_1", 3, 32, 20),
        ("Q5_0", 6, 32, 22),
        ("Q5_1", 7, 32, 24),
        ("Q8_0", 8, 32, 34),
        ("Q8_1", 9, 32, 36),
        ("Q2_K", 10, 256, 84),
        ("Q3_K", 11, 256, 110),
        ("Q4_K", 12, 256, 144),
        ("Q5_K", 13, 256, 176),
        ("Q6_K", 14, 256, 210),
        ("Q8_K", 15, 256, 292),
        ("IQ2_XXS", 16, 256, 66),
        ("IQ2_XS", 17, 256, 74),
        ("IQ3_XXS", 18, 256, 98),
        ("IQ1_S", 19, 256, 50),
        ("IQ4_NL", 20, 32, 18),
        ("IQ3_S", 21, 256, 110),
        ("IQ2_S", 22, 256, 82),
        ("IQ4_XS", 23, 256, 136),
        ("I8", 24, 1, 1),
        ("I16", 25, 1, 2),
        ("I32", 26, 1, 4),
        ("I64", 27, 1, 8),
        ("F64", 28, 1, 8),
        ("IQ1_M", 29, 256, 56),
        ("BF16", 30, 1, 2),
        ("TQ1_0", 34, 256, 54),
        ("TQ2_0", 35, 256, 66),
        ("MXFP4", 39, 32, 17),
        ("NVFP4", 40, 64, 36),
        ("Q1_0", 41, 128, 18),
        ("Q2_0", 42, 64, 18),
    )
}
BY_NUMBER = {each.number: each for each in BLOCK_TYPES.values()}


def tensor_bytes(elements: int, type_name: str) -> int:
    """Bytes of a tensor of `elements`, padded as in a buffer. Rows must be whole blocks of the type."""
    block = BLOCK_TYPES[type_name]
    size = elements // block.elements * block.bytes
    return -(-size // TENSOR_ALIGNMENT) * TENSOR_ALIGNMENT
