"""Where a quant's bytes lie in the model: embedding, each layer's trunk and routed experts, output head."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate, compress, pairwise

from r1plan.catalog.model import Architecture, Model, Quant, Shape
from r1plan.ggml_types import tensor_bytes
from r1plan.plan.arch.tensors import Tensor, dense_layers, layer_tensors
from r1plan.plan.llamacpp.weights.quantize_recipe import BASE_TYPES, PLAIN_QUANTS, QuantizeRecipe, equal_layers

# Bits a weight in published dynamic files: the output head, and everything but the routed experts, which is kept at 4.5
# to 6.6 bits (estimated from the published totals).
_DYNAMIC_HEAD_BITS = 6.5625
_DYNAMIC_TRUNK_BITS = 5.5
_DYNAMIC_EMBEDDING_BITS = 4.5
# A dynamic file's widest expert tensor against its mean; assumed.
_DYNAMIC_WIDEST = 1.35


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer's bytes: `trunk` is all but the routed experts; `widest_expert` is the largest tensor of those.

    `matrices` are the bytes of its matrices by name, without `.weight`; `widest_matrix` is the largest of them that is
    no expert's.
    """

    trunk_bytes: int
    expert_bytes: int = 0
    widest_expert_bytes: int = 0
    matrices: tuple[tuple[str, int], ...] = ()
    widest_matrix_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The bytes of one quant of one model, by place, each tensor padded as in a buffer.

    `trunk_before[n]` and `experts_before[n]` are the bytes of the layers before `n`, without and with nothing but
    routed experts; `widest_experts[n]` is layer `n`'s largest expert tensor, `matrices[n]` are all its matrices' bytes,
    and `widest_matrices[n]` is the largest of them that is no routed expert.
    `output_bytes` is the head with its norm; of a model without a head of its own it is the copy of the embedding that
    a GPU needs, and `tied` is true. `whole_is_exact` is false for published sizes, which are rounded and whose split is
    estimated. `plain`: the matrices are numbers of 16 bits or more, not blocks.
    """

    embedding_bytes: int
    output_bytes: int
    dense_layers: int
    trunk_before: tuple[int, ...]
    experts_before: tuple[int, ...]
    widest_experts: tuple[int, ...]
    matrices: tuple[tuple[tuple[str, int], ...], ...]
    widest_matrices: tuple[int, ...]
    experts_read_share: float
    whole_is_exact: bool
    tied: bool = False
    plain: bool = False

    @property
    def layers(self) -> int:
        """How many layers there are."""
        return len(self.trunk_before) - 1

    @property
    def trunk_bytes(self) -> int:
        """All layers without their routed experts."""
        return self.trunk_before[-1]

    @property
    def expert_bytes(self) -> int:
        """All routed experts."""
        return self.experts_before[-1]

    @property
    def output_bytes_beside_embedding(self) -> int:
        """What the head adds on the device that holds the embedding: nothing but its norm where the two are one."""
        return self.output_bytes - (self.embedding_bytes if self.tied else 0)

    @property
    def total_bytes(self) -> int:
        """All tensors of the file."""
        return self.embedding_bytes + self.output_bytes_beside_embedding + self.trunk_bytes + self.expert_bytes

    @property
    def read_bytes_a_token(self) -> int:
        """What is read for each generated token: all but the embedding and the experts that it does not use."""
        return self.trunk_bytes + self.output_bytes + round(self.expert_bytes * self.experts_read_share)

    @property
    def expert_layers(self) -> int:
        """Layers that hold routed experts; 0 for a dense model."""
        return self.layers - self.dense_layers if self.expert_bytes else 0

    @property
    def widest_expert_tensor_bytes(self) -> int:
        """The largest expert tensor of all layers; 0 for a dense model."""
        return max(self.widest_experts)

    def widest_matrices_of(self, first: int, end: int) -> tuple[tuple[str, int], ...]:
        """The matrices of the largest of layers `first` to `end` (exclusive)."""
        return max(self.matrices[first:end], key=lambda each: sum(size for _, size in each), default=())

    def widest_matrix_of(self, first: int, end: int) -> int:
        """The largest matrix of layers `first` to `end` (exclusive), routed experts aside; 0 where there is none."""
        return max(self.widest_matrices[first:end], default=0)

    def widest_expert_tensor_of(self, first: int, end: int) -> int:
        """The largest expert tensor of layers `first` to `end` (exclusive); 0 where there is none."""
        return max(self.widest_experts[first:end], default=0)

    def trunk_of(self, first: int, end: int) -> int:
        """Bytes of layers `first` to `end` (exclusive) without routed experts. Consecutive ranges add up exactly."""
        return self.trunk_before[end] - self.trunk_before[first]

    def experts_of(self, first: int, end: int) -> int:
        """Bytes of the routed experts of layers `first` to `end` (exclusive). Consecutive ranges add up exactly."""
        return self.experts_before[end] - self.experts_before[first]


def weights_of(model: Model, quant: Quant) -> Weights:
    """The places of `quant`'s bytes in `model`: tensor by tensor for a stock quant, estimated for a dynamic one.

    Latent attention is taken as files hold it since April 2025, so R1's total is a little off the catalogue's, which
    is of older files (Q4_K_M: 61 MiB more here, in the trunk).
    """
    if quant.stock and quant.name in BASE_TYPES:
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
    outer = {tensor.name: tensor_bytes(tensor.elements, type_) for tensor, type_ in recipe.outer()}
    embedding = outer["token_embd.weight"]
    like = equal_layers(shape)
    of_kind = _layers(recipe, sorted(set(like)), dense_layers(shape))
    layers = [of_kind[each] for each in like]
    # The table of rotary frequencies goes where layer 0 goes.
    layers[0] = Layer(
        layers[0].trunk_bytes + outer.get("rope_freqs.weight", 0),
        layers[0].expert_bytes,
        layers[0].widest_expert_bytes,
        layers[0].matrices,
        layers[0].widest_matrix_bytes,
    )
    return of_layers(
        layers,
        embedding_bytes=embedding,
        output_bytes=outer["output_norm.weight"] + outer.get("output.weight", embedding),
        dense=dense_layers(shape),
        read_share=_read_share(shape),
        tied=shape.tied_embeddings,
        plain=quant in PLAIN_QUANTS,
    )


def of_layers(
    layers: Sequence[Layer],
    *,
    embedding_bytes: int,
    output_bytes: int,
    dense: int,
    read_share: float,
    tied: bool = False,
    exact: bool = True,
    plain: bool = False,
) -> Weights:
    """The weights of a model with these layers, of which the first `dense` hold no routed experts."""
    return Weights(
        embedding_bytes=embedding_bytes,
        output_bytes=output_bytes,
        dense_layers=dense,
        trunk_before=tuple(accumulate((layer.trunk_bytes for layer in layers), initial=0)),
        experts_before=tuple(accumulate((layer.expert_bytes for layer in layers), initial=0)),
        widest_experts=tuple(layer.widest_expert_bytes for layer in layers),
        matrices=tuple(layer.matrices for layer in layers),
        widest_matrices=tuple(layer.widest_matrix_bytes for layer in layers),
        experts_read_share=read_share,
        whole_is_exact=exact,
        tied=tied,
        plain=plain,
    )


def layer_of(
    trunk_bytes: int, expert_bytes: int, widest_expert_bytes: int, matrices: tuple[tuple[str, int], ...]
) -> Layer:
    """A layer of which the matrices are known."""
    widest = max((size for name, size in matrices if not name.endswith("_exps")), default=0)
    return Layer(trunk_bytes, expert_bytes, widest_expert_bytes, matrices, widest)


def _layers(recipe: QuantizeRecipe, numbers: Iterable[int], dense: int) -> dict[int, Layer]:
    """The layers of these numbers. Tensors whose type no layer decides are measured in the first of their kind."""
    kinds: dict[bool, tuple[list[int | None], list[bool], list[str]]] = {}
    found = {}
    for number in numbers:
        tensors, kind = recipe.tensors(number), kinds.get(number >= dense)
        if kind is None:
            sizes = [tensor_bytes(tensor.elements, type_) for tensor, type_ in recipe.layer(number)]
            fixed = [None if recipe.varies(tensor) else size for tensor, size in zip(tensors, sizes, strict=True)]
            routed = [tensor.routed_expert for tensor in tensors]
            names = [tensor.name.removesuffix(".weight") if len(tensor.dims) > 1 else "" for tensor in tensors]
            kinds[number >= dense] = fixed, routed, names
        else:
            fixed, routed, names = kind
            sizes = [
                tensor_bytes(tensor.elements, recipe.type_of(tensor, number)) if size is None else size
                for tensor, size in zip(tensors, fixed, strict=True)
            ]
        experts = list(compress(sizes, routed))
        matrices = tuple([(name, size) for name, size in zip(names, sizes, strict=True) if name])
        found[number] = layer_of(sum(sizes) - sum(experts), sum(experts), max(experts, default=0), matrices)
    return found


def _read_share(shape: Shape) -> float:
    return shape.experts.used_per_token / shape.experts.routed if shape.experts else 1.0


def _dynamic_weights(model: Model, quant: Quant) -> Weights:
    """The catalogue's total, split by an estimate.

    A mixture's experts follow from what one token reads: read = trunk + used/routed * experts. Layers
    share the trunk by their numbers of weights, and the experts alike.
    """
    shape, experts = model.shape, model.shape.experts
    table = shape.vocab_size * shape.hidden_size
    embedding = quant.token_embd_bytes or round(table * _DYNAMIC_EMBEDDING_BITS / 8)
    output = 0 if shape.tied_embeddings else round(table * _DYNAMIC_HEAD_BITS / 8)
    on_layers = quant.tensor_bytes - embedding
    dense, share = dense_layers(shape), _read_share(shape)
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
    kinds = [layer_tensors(model.architecture, shape, expert_layer=routed) for routed in (False, True)]
    elements = [sum(tensor.elements for tensor in kind if not tensor.routed_expert) for kind in kinds]
    is_routed = [layer >= dense for layer in range(shape.layers)]
    trunks = _shares(on_layers - output - expert_bytes, [elements[routed] for routed in is_routed])
    each = [0] * dense + _shares(expert_bytes, [1] * (shape.layers - dense))
    # Layers of one kind differ by a byte, from rounding: the last of each kind stands for all.
    trunk_of = dict(zip(is_routed, trunks, strict=True))
    like = {
        routed: layer_of(trunk, 0, widest if routed else 0, _shared_out(kinds[routed], trunk, widest))
        for routed, trunk in trunk_of.items()
    }
    return of_layers(
        [
            Layer(trunk, routed, widest if routed else 0, like[kind].matrices, like[kind].widest_matrix_bytes)
            for trunk, routed, kind in zip(trunks, each, is_routed, strict=True)
        ],
        embedding_bytes=embedding,
        output_bytes=output + (embedding if shape.tied_embeddings else 0),
        dense=dense,
        read_share=share,
        tied=shape.tied_embeddings,
        exact=False,
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
