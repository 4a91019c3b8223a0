"""Which type each tensor gets in each of llama.cpp's stock quants.

A recipe is a base type and the exceptions to it: the output head, the embedding, and tensors that a mix favours in all
or in some layers. The rules are llama.cpp's at build 0c1e57098 (src/llama-quant.cpp, llama_tensor_get_type_impl and
tensor_type_fallback), for the architectures of the family; tests/measured/quantize_types.jsonl holds what
`llama-quantize --dry-run` of that build prints, and the tests compare every tensor.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from r1plan.catalog.model import Architecture, Shape
from r1plan.ggml_types import BLOCK_TYPES
from r1plan.plan.arch.spec import Tensor
from r1plan.plan.arch.table import spec_of
from r1plan.plan.arch.tensors import layer_tensors, nextn_tensors, outer_tensors

# The type that a quant's tensors have unless a rule says otherwise.
BASE_TYPES = {
    "IQ1_S": "IQ1_S",
    "IQ1_M": "IQ1_M",
    "IQ2_XXS": "IQ2_XXS",
    "IQ2_XS": "IQ2_XS",
    "IQ2_S": "IQ2_XS",
    "IQ2_M": "IQ2_S",
    "IQ3_XXS": "IQ3_XXS",
    "IQ3_XS": "IQ3_S",
    "IQ3_S": "IQ3_S",
    "IQ3_M": "IQ3_S",
    "IQ4_XS": "IQ4_XS",
    "IQ4_NL": "IQ4_NL",
    "TQ1_0": "TQ1_0",
    "TQ2_0": "TQ2_0",
    "Q2_K_S": "Q2_K",
    "Q2_K": "Q2_K",
    "Q3_K_S": "Q3_K",
    "Q3_K_M": "Q3_K",
    "Q3_K_L": "Q3_K",
    "Q4_0": "Q4_0",
    "Q4_1": "Q4_1",
    "Q4_K_S": "Q4_K",
    "Q4_K_M": "Q4_K",
    "Q5_0": "Q5_0",
    "Q5_1": "Q5_1",
    "Q5_K_S": "Q5_K",
    "Q5_K_M": "Q5_K",
    "Q6_K": "Q6_K",
    "Q8_0": "Q8_0",
    "F16": "F16",
    "BF16": "BF16",
    "F32": "F32",
}
PLAIN_QUANTS = ("F16", "BF16", "F32")
_SMALLEST = ("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS")
_SMALL = (*_SMALLEST, "IQ2_S", "IQ2_M")
_ATTENTION_OUTPUT = {"Q2_K": "Q3_K", "IQ3_XXS": "IQ3_S", "Q3_K_M": "Q4_K", "Q3_K_L": "Q5_K", "IQ3_M": "Q4_K"}
# The quants whose rules for values and for `ffn_down` look at the layer; those of the second line without an importance
# matrix alone.
_VALUES_BY_LAYER = frozenset(("Q3_K_M", "Q4_K_S", "Q4_K_M", "Q5_K_M"))
_DOWN_BY_LAYER = _VALUES_BY_LAYER.union(_SMALL, ("Q2_K_S", "IQ3_M", "Q4_0", "Q5_0"), ("IQ3_XXS", "IQ4_NL", "IQ4_XS"))
# Types of 256 elements a block, and what stands in where a row is not a multiple of that.
_STAND_INS = {
    **dict.fromkeys(("IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ4_XS"), "IQ4_NL"),
    **dict.fromkeys(("Q2_K", "Q3_K", "TQ1_0", "TQ2_0"), "Q4_0"),
    "Q4_K": "Q5_0",
    "Q5_K": "Q5_1",
    "Q6_K": "Q8_0",
}


def base_type(quant: str) -> str:
    """The type of most tensors of a quant of that name, be it a stock one or a dynamic one ("UD-Q2_K_XL")."""
    name = quant.removeprefix("UD-")
    while name not in BASE_TYPES and "_" in name:
        name = name.rpartition("_")[0]
    return BASE_TYPES.get(name, "Q4_K")


class QuantizeRecipe(NamedTuple):
    """A stock quant of one model: call `type_of` for each tensor.

    `imatrix`: made with an importance matrix, as the published files are. `joined_kv_b`: latent attention as in files
    made before April 2025.
    """

    quant: str
    architecture: Architecture
    shape: Shape
    imatrix: bool = True
    joined_kv_b: bool = False

    def tensors(self, layer: int) -> tuple[Tensor, ...]:
        """The tensors of `layer`."""
        routed, ratio, hashed = self.shape.kind_of(layer)
        return layer_tensors(
            self.architecture,
            self.shape,
            expert_layer=routed,
            compress_ratio=ratio,
            hashed=hashed,
            joined_kv_b=self.joined_kv_b,
        )

    def outer(self) -> Iterator[tuple[Tensor, str]]:
        """The tensors of no layer, each with its type."""
        for tensor in outer_tensors(self.architecture, self.shape):
            yield tensor, self.type_of(tensor, 0)

    def layer(self, layer: int) -> Iterator[tuple[Tensor, str]]:
        """The tensors of `layer`, each with its type."""
        for tensor in self.tensors(layer):
            yield tensor, self.type_of(tensor, layer)

    def unloaded(self) -> Iterator[tuple[int, Tensor, str]]:
        """What a file holds behind the last layer and the engine leaves there: layer, tensor and type."""
        for layer in range(self.shape.layers, _blocks(self.shape)):
            for tensor in nextn_tensors(self.architecture, self.shape):
                yield layer, tensor, self.type_of(tensor, layer)

    def type_of(self, tensor: Tensor, layer: int) -> str:
        """The name of the type that `tensor` gets in `layer`, which means nothing for a tensor of no layer."""
        if tensor.kept_as or tensor.plain:
            return tensor.kept_as or "F32"
        published = spec_of(self.architecture, self.shape).published.get(self.quant)
        if published is not None:
            return published(tensor)
        if self.quant in PLAIN_QUANTS:
            return "F32" if tensor.converted_plain else self.quant
        return _fitting(self._wanted(tensor, layer), tensor.dims[0])

    def varies(self, tensor: Tensor) -> bool:
        """Whether the layer may decide the type of `tensor`."""
        if self.quant == "IQ3_XS":
            return tensor.name.startswith(("ffn_gate", "ffn_up"))
        if tensor.name in ("attn_v.weight", "attn_kv_b.weight"):
            return self.quant in _VALUES_BY_LAYER
        return tensor.name.startswith("ffn_down") and self.quant in _DOWN_BY_LAYER

    def _wanted(self, tensor: Tensor, layer: int) -> str:
        name, base = tensor.quantised_as or tensor.name, BASE_TYPES[self.quant]
        if name == "output.weight" or (name == "token_embd.weight" and self.shape.tied_embeddings):
            return self._head(tensor, base)
        if name == "token_embd.weight":
            return self._embedding(base)
        if name in ("attn_v.weight", "attn_kv_b.weight"):
            return self._values(layer, base)
        if name in ("attn_k.weight", "attn_q.weight"):
            return {"IQ3_XS": "IQ3_XXS", "IQ3_XXS": "IQ2_S"}.get(self.quant, base)
        if name == "attn_output.weight":
            return self._attention_output(base)
        if name.startswith("ffn_down"):
            return self._down(layer, name, base)
        if name.startswith(("ffn_gate", "ffn_up")):
            layers = _blocks(self.shape)
            middle = layers // 8 <= layer < 7 * layers // 8
            return "IQ3_XXS" if self.quant == "IQ3_XS" and middle else base
        return base

    def _head(self, tensor: Tensor, base: str) -> str:
        if tensor.dims[0] % BLOCK_TYPES[base].elements or base == "Q8_0":
            return "Q8_0"
        return "Q5_K" if self.quant in (*_SMALL, "IQ3_XXS") else "Q6_K"

    def _embedding(self, base: str) -> str:
        if self.quant in _SMALLEST:
            return "Q2_K"
        if self.quant in ("IQ2_S", "IQ2_M", "IQ3_XXS"):
            return "IQ3_S"
        return "Q4_K" if self.quant in ("TQ1_0", "TQ2_0") else base

    @property
    def _shared_keys(self) -> bool:
        """Whether four or more query heads share a value head. A file with one `attn_kv_b` has a value a head."""
        return self.shape.latent_attention is None and self.shape.heads // self.shape.kv_heads >= 4

    def _values(self, layer: int, base: str) -> str:
        quant, shared = self.quant, self._shared_keys
        if quant in _SMALL:
            if shared or (self.shape.experts is not None and self.shape.experts.routed >= 4):
                return "Q4_K"
            return "IQ3_S" if quant in ("IQ2_S", "IQ2_M") else "Q2_K"
        wanted = base
        if quant == "Q2_K":
            wanted = "Q4_K" if shared else "Q3_K"
        elif quant == "IQ3_XXS":
            wanted = "Q4_K" if shared else "IQ3_XXS" if self.imatrix else "IQ3_S"
        elif quant == "IQ3_M" or (quant in ("Q2_K_S", "IQ3_XS", "IQ3_S") and shared):
            wanted = "Q4_K"
        elif quant == "Q3_K_M":
            wanted = "Q5_K" if layer < 2 else "Q4_K"
        elif quant == "Q3_K_L" or (quant in ("IQ4_NL", "IQ4_XS") and shared):
            wanted = "Q5_K"
        elif quant in ("Q4_K_M", "Q5_K_M") and _favoured(layer, _blocks(self.shape)):
            wanted = "Q6_K"
        elif quant == "Q4_K_S" and layer < 4:
            wanted = "Q5_K"
        if wanted in ("Q3_K", "Q4_K") and spec_of(self.architecture, self.shape).is_70b(self.shape):
            wanted = "Q5_K"
        return wanted

    def _attention_output(self, base: str) -> str:
        if self.quant in ("IQ1_S", "IQ1_M"):
            return "IQ2_XXS"
        if self.quant in ("IQ2_S", "IQ2_M"):
            return "IQ3_S"
        return _ATTENTION_OUTPUT.get(self.quant, base)

    def _down(self, layer: int, name: str, base: str) -> str:
        quant, layers = self.quant, _blocks(self.shape)
        first_eighth = layer < layers // 8
        if quant in _SMALL:
            # Here alone the quantiser counts tensors and not layers, and an expert layer has two.
            if self._down_tensors_before(layer, name) < layers // 8:
                return "IQ3_S" if quant in ("IQ2_S", "IQ2_M") else "Q2_K"
            return base
        if quant == "Q3_K_M":
            return "Q5_K" if layer < layers // 16 else "Q4_K"
        if quant in ("Q4_K_M", "Q5_K_M"):
            return "Q6_K" if _favoured(layer, layers) else base
        if quant in ("IQ3_XXS", "IQ4_NL", "IQ4_XS") and not self.imatrix:
            if quant == "IQ3_XXS":
                return "Q4_K" if first_eighth else "Q3_K"
            return "Q5_K" if first_eighth else base
        if first_eighth and (self.imatrix or quant not in ("Q4_0", "Q5_0")):
            early = {"Q2_K_S": "Q4_K", "IQ3_M": "Q4_K", "Q4_K_S": "Q5_K", "Q4_0": "Q4_1", "Q5_0": "Q5_1"}
            base = early.get(quant, base)
        return {"Q2_K": "Q3_K", "Q3_K_L": "Q5_K"}.get(quant, base)

    def _down_tensors_before(self, layer: int, name: str) -> int:
        dense = self.shape.dense_layers
        if layer < dense or self.shape.experts is None:
            return layer
        a_layer = 2 if self.shape.experts.shared else 1
        return dense + (layer - dense) * a_layer + (name == "ffn_down_shexp.weight")


def _blocks(shape: Shape) -> int:
    """The layers that the quantiser reckons by: those that only predict further tokens are among them (n_layer_all)."""
    return shape.layers + shape.nextn_layers


def _favoured(layer: int, layers: int) -> bool:
    """The layers that the medium mixes give more bits: the first and last eighth, and each third between."""
    return layer < layers // 8 or layer >= 7 * layers // 8 or (layer - layers // 8) % 3 == 2


def _fitting(wanted: str, row: int) -> str:
    """`wanted`, or its stand-in where a row of `row` elements is not made of whole blocks."""
    if row % BLOCK_TYPES[wanted].elements == 0:
        return wanted
    stand_in = _STAND_INS.get(wanted, wanted)
    return stand_in if row % BLOCK_TYPES[stand_in].elements == 0 else "F16"


@lru_cache(maxsize=64)
def equal_layers(shape: Shape) -> tuple[int, ...]:
    """For each layer the first one that holds the same tensors and that no recipe treats differently."""
    layers, dense = _blocks(shape), shape.dense_layers
    first: dict[tuple[int, ...], int] = {}
    a_layer = 2 if shape.experts is not None and shape.experts.shared else 1
    found = []
    for layer in range(shape.layers):
        down = min(layer, dense) + max(layer - dense, 0) * a_layer
        marks = (
            *(layer < bound for bound in (2, 4, layers // 16, layers // 8, 7 * layers // 8)),
            *(down < layers // 8, down + 1 < layers // 8),
            _favoured(layer, layers),
            *shape.kind_of(layer),
        )
        found.append(first.setdefault(marks, layer))
    return tuple(found)
