"""Where the bytes of a quant lie that is not at hand as a file: by the quantiser's rules, or by an estimate."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import accumulate, compress, pairwise
from typing import NamedTuple

from r1plan.catalog.model import Architecture, LayerKind, Model, Quant, Shape
from r1plan.ggml_types import tensor_bytes
from r1plan.models.weights import Layer, Weights, layer_of, of_layers
from r1plan.plan.arch.spec import Tensor
from r1plan.plan.arch.table import spec_of
from r1plan.plan.arch.tensors import layer_tensors, outer_tensors
from r1plan.plan.llamacpp.weights.quantize_recipe import (
    BASE_TYPES,
    PLAIN_QUANTS,
    QuantizeRecipe,
    base_type,
    equal_layers,
)

# Bits a weight in published dynamic files: the output head, and everything but the routed experts, which is kept at 4.5
# to 6.6 bits (estimated from the published totals).
_DYNAMIC_HEAD_BITS = 6.5625
_DYNAMIC_TRUNK_BITS = 5.5
_DYNAMIC_EMBEDDING_BITS = 4.5
_DYNAMIC_TRUNK_TYPE = "Q5_K"
# A dynamic file's widest expert tensor against its mean; assumed.
_DYNAMIC_WIDEST = 1.35


def weights_of(model: Model, quant: Quant) -> Weights:
    """The places of `quant`'s bytes in `model`: tensor by tensor for a stock quant, estimated for a dynamic one.

    Latent attention is taken as files hold it since April 2025, so R1's total is a little off the catalogue's, which
    is of older files (Q4_K_M: 61 MiB more here, in the trunk).
    """
    published = spec_of(model.architecture, model.shape).published
    if quant.name in published or (quant.stock and quant.name in BASE_TYPES):
        return stock_weights(model.architecture, model.shape, quant.name)
    return _dynamic_weights(model, quant)


@lru_cache(maxsize=1024)
def stock_weights(
    architecture: Architecture, shape: Shape, quant: str, *, imatrix: bool = True, joined_kv_b: bool = False
) -> Weights:
    """What llama.cpp's quantiser makes of a model of this shape. `quant` is one of BASE_TYPES; the rest is Recipe's."""
    recipe = QuantizeRecipe(
        quant=quant, architecture=architecture, shape=shape, imatrix=imatrix, joined_kv_b=joined_kv_b
    )
    held = _tensors(architecture, shape, joined_kv_b)
    outer_types = {tensor.name: recipe.type_of(tensor, 0) for tensor in held.outer}
    outer = {tensor.name: tensor_bytes(tensor.elements, outer_types[tensor.name]) for tensor in held.outer}
    embedding = outer["token_embd.weight"]
    trunk_types: dict[str, int] = {}
    expert_types: dict[str, int] = {}
    layers = _layers(recipe, held, trunk_types, expert_types)
    for tensor in held.outer:
        if len(tensor.dims) > 1 and (tensor.name != "token_embd.weight" or shape.tied_embeddings):
            type_ = outer_types[tensor.name]
            trunk_types[type_] = trunk_types.get(type_, 0) + outer[tensor.name]
    # The table of rotary frequencies goes where layer 0 goes.
    layers[0] = layers[0]._replace(trunk_bytes=layers[0].trunk_bytes + outer.get("rope_freqs.weight", 0))
    return of_layers(
        layers,
        embedding_bytes=embedding,
        output_bytes=sum(size for name, size in outer.items() if name.startswith("output"))
        + (embedding if shape.tied_embeddings else 0),
        dense=shape.dense_layers,
        read_share=shape.read_share,
        tied=shape.tied_embeddings,
        plain=quant in PLAIN_QUANTS,
        trunk_types=trunk_types,
        expert_types=expert_types,
    )


@lru_cache(maxsize=256)
def unloaded_bytes(architecture: Architecture, shape: Shape, quant: str, *, imatrix: bool = True) -> int:
    """What a file of this stock quant holds besides the weights: layers that only predict further tokens."""
    recipe = QuantizeRecipe(quant=quant, architecture=architecture, shape=shape, imatrix=imatrix)
    return sum(tensor_bytes(tensor.elements, type_) for _, tensor, type_ in recipe.unloaded())


class _LayerKind(NamedTuple):
    """What the layers of a kind hold, in whatever quant: their matrices with names, and the bytes of all else, in F32.

    `numbers` are the layers that a recipe may treat differently; `experts` and `trunk` say of each matrix whether it
    holds routed experts or does not. `layers` is how many there are.
    """

    numbers: list[int]
    layers: int
    vector_bytes: int
    matrices: list[Tensor]
    names: list[str]
    experts: list[bool]
    trunk: list[bool]


class _ModelTensors(NamedTuple):
    """What a model holds, in whatever quant. `like` says for each layer which of its kind's `numbers` stands for it.

    `alike` are the layers that each number stands for.
    """

    outer: tuple[Tensor, ...]
    like: tuple[int, ...]
    alike: Mapping[int, int]
    kinds: list[_LayerKind]


@lru_cache(maxsize=64)
def _tensors(architecture: Architecture, shape: Shape, joined_kv_b: bool) -> _ModelTensors:
    like = equal_layers(shape)
    alike, of_kinds = Counter(like), defaultdict[LayerKind, list[int]](list)
    for number in sorted(set(like)):
        of_kinds[shape.kind_of(number)].append(number)
    kinds = [
        _kind(
            numbers,
            sum(alike[number] for number in numbers),
            _tensors_of(architecture, shape, kind, joined_kv_b=joined_kv_b),
        )
        for kind, numbers in of_kinds.items()
    ]
    return _ModelTensors(outer_tensors(architecture, shape), like, alike, kinds)


def _tensors_of(
    architecture: Architecture, shape: Shape, kind: LayerKind, *, joined_kv_b: bool = False
) -> tuple[Tensor, ...]:
    routed, ratio, hashed = kind
    return layer_tensors(
        architecture, shape, expert_layer=routed, compress_ratio=ratio, hashed=hashed, joined_kv_b=joined_kv_b
    )


def _kind(numbers: list[int], layers: int, tensors: Sequence[Tensor]) -> _LayerKind:
    matrices = [tensor for tensor in tensors if len(tensor.dims) > 1]
    experts = [tensor.routed_expert for tensor in matrices]
    return _LayerKind(
        numbers=numbers,
        layers=layers,
        vector_bytes=sum(tensor_bytes(tensor.elements, "F32") for tensor in tensors if len(tensor.dims) == 1),
        matrices=matrices,
        names=[tensor.name.removesuffix(".weight") for tensor in matrices],
        experts=experts,
        trunk=[not routed for routed in experts],
    )


def _layers(
    recipe: QuantizeRecipe, held: _ModelTensors, trunk_types: dict[str, int], expert_types: dict[str, int]
) -> list[Layer]:
    """All layers. A matrix whose type no layer decides is measured in the first of its kind alone.

    Adds the bytes of each type to `trunk_types` and `expert_types`.
    """
    found = {}
    for kind in held.kinds:
        first, *others = kind.numbers
        types = [recipe.type_of(tensor, first) for tensor in kind.matrices]
        sizes = [tensor_bytes(tensor.elements, type_) for tensor, type_ in zip(kind.matrices, types, strict=True)]
        varying = [(place, tensor) for place, tensor in enumerate(kind.matrices) if recipe.varies(tensor)]
        found[first] = layer = _layer(kind, sizes)
        for type_, size, routed in zip(types, sizes, kind.experts, strict=True):
            of = expert_types if routed else trunk_types
            of[type_] = of.get(type_, 0) + size * kind.layers
        for number in others:
            for place, tensor in varying:
                of, alike = expert_types if kind.experts[place] else trunk_types, held.alike[number]
                of[types[place]] -= tensor_bytes(tensor.elements, types[place]) * alike
                type_ = recipe.type_of(tensor, number)
                sizes[place] = size = tensor_bytes(tensor.elements, type_)
                of[type_] = of.get(type_, 0) + size * alike
            found[number] = layer = _layer(kind, sizes) if varying else layer
    return [found[each] for each in held.like]


def _layer(kind: _LayerKind, sizes: Sequence[int]) -> Layer:
    """A layer whose matrices have these sizes."""
    experts = list(compress(sizes, kind.experts))
    expert_bytes = sum(experts)
    return Layer(
        kind.vector_bytes + sum(sizes) - expert_bytes,
        expert_bytes,
        max(experts, default=0),
        tuple(zip(kind.names, sizes, strict=True)),
        max(compress(sizes, kind.trunk)),
    )


def _dynamic_weights(model: Model, quant: Quant) -> Weights:
    """The catalogue's total, split by an estimate.

    A mixture's experts follow from what one token reads: read = trunk + used/routed * experts. Layers
    share the trunk by their numbers of weights, and the experts alike.
    """
    shape, experts = model.shape, model.shape.experts
    table = shape.vocab_size * shape.hidden_size
    embedding = quant.token_embd_bytes or round(table * _DYNAMIC_EMBEDDING_BITS / 8)
    output = 0 if shape.tied_embeddings else round(table * _DYNAMIC_HEAD_BITS / 8)
    if shape.windowed_attention is not None:  # in Q8_0 like all that is no expert
        output = embedding
    on_layers = quant.tensor_bytes - embedding
    dense, share = shape.dense_layers, shape.read_share
    expert_bytes, widest = 0, 0
    if experts is not None and share < 1:
        tensor = experts.routed * shape.hidden_size * experts.ffn_size
        if quant.decode_read_bytes is not None:
            expert_bytes = round((on_layers - quant.decode_read_bytes) / (1 - share))
        else:
            trunk_params = model.params - 2 * table - 3 * tensor * (shape.layers - dense)
            expert_bytes = on_layers - output - round(trunk_params * _DYNAMIC_TRUNK_BITS / 8)
        a_tensor = expert_bytes / (3 * (shape.layers - dense))
        widest = min(round(a_tensor * _DYNAMIC_WIDEST), 2 * tensor)
    kinds = [shape.kind_of(layer) for layer in range(shape.layers)]
    held = {kind: _tensors_of(model.architecture, shape, kind) for kind in set(kinds)}
    elements = {
        kind: sum(tensor.elements for tensor in tensors if not tensor.routed_expert) for kind, tensors in held.items()
    }
    trunks = _shares(on_layers - output - expert_bytes, [elements[kind] for kind in kinds])
    each = [0] * dense + _shares(expert_bytes, [1] * (shape.layers - dense))
    # Layers of one kind differ by a byte, from rounding: the last of each kind stands for all.
    trunk_of = dict(zip(kinds, trunks, strict=True))
    like = {
        kind: layer_of(trunk, 0, widest if kind.routed else 0, _shared_out(held[kind], trunk, widest))
        for kind, trunk in trunk_of.items()
    }
    return of_layers(
        [
            Layer(trunk, routed, widest if routed else 0, like[kind].matrices, like[kind].widest_matrix_bytes)
            for trunk, routed, kind in zip(trunks, each, kinds, strict=True)
        ],
        embedding_bytes=embedding,
        output_bytes=output + (embedding if shape.tied_embeddings else 0),
        dense=dense,
        read_share=share,
        tied=shape.tied_embeddings,
        exact=False,
        trunk_types={_DYNAMIC_TRUNK_TYPE: sum(trunks) + output},
        expert_types={base_type(quant.name): expert_bytes} if expert_bytes else None,
    )


def _shared_out(tensors: tuple[Tensor, ...], trunk_bytes: int, widest_expert: int) -> tuple[tuple[str, int], ...]:
    """Estimated bytes of a layer's matrices: the trunk's by their elements, experts as wide as the widest."""
    trunk = sum(tensor.elements for tensor in tensors if not tensor.routed_expert)
    return tuple(
        (
            tensor.name.removesuffix(".weight"),
            widest_expert if tensor.routed_expert else trunk_bytes * tensor.elements // trunk,
        )
        for tensor in tensors
        if len(tensor.dims) > 1
    )


def _shares(total: int, by: Iterable[int]) -> list[int]:
    """`total` in parts proportional to `by`, which add up exactly."""
    ends = list(accumulate(by, initial=0))
    if not ends[-1]:
        return [0] * (len(ends) - 1)
    cuts = [total * end // ends[-1] for end in ends]
    return [high - low for low, high in pairwise(cuts)]
