"""A GGUF's header as the planner takes it: the model's shape, the quant, and every tensor's place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import get_args

from r1plan.catalog.model import Architecture, Model, Quant, Sampling, Shape
from r1plan.errors import EngineError
from r1plan.models.gguf.elsewhere import elsewhere
from r1plan.models.gguf.file import Gguf, by_layer
from r1plan.models.gguf.header import shown
from r1plan.models.gguf.naming import quant_name, title
from r1plan.models.gguf.numbers import Numbers
from r1plan.models.gguf.shape import ShapeReader
from r1plan.models.weights import Weights, layer_of, of_layers

_ARCHITECTURES: tuple[Architecture, ...] = tuple(each for each in get_args(Architecture) if elsewhere(each) is None)
_MOST_LAYERS = 1_024
_UNRELEASED = date(1, 1, 1)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """What the planner needs of one file. `known` is the catalogue's model of that shape and name, or None.

    `has_mla_keys` is false for latent attention as files had it before April 2025, which every engine expands to full
    heads: the model's shape then has those, and R1's cache is 71 times as large. It is None without latent attention.
    """

    model: Model
    quant: Quant
    weights: Weights
    known: Model | None
    has_mla_keys: bool | None


class UnknownArchitecture(EngineError):
    """A file of an architecture that r1plan does not plan for; what its header holds is known all the same."""

    def __init__(self, gguf: Gguf) -> None:
        architecture = gguf.text("general.architecture")
        super().__init__(
            f"{gguf.name} is of the architecture {shown(architecture)}.",
            elsewhere(architecture) or f"r1plan plans for R1 and its distills: {', '.join(_ARCHITECTURES)}",
        )
        self.gguf = gguf


def model_file(gguf: Gguf, models: Iterable[Model], names: Iterable[str] = ()) -> ModelFile:
    """The model, quant and weights of `gguf`. `names` are further names to know it by, such as its repository's.

    A file of a catalogued shape whose name holds a catalogued id is that model, with its scores; any other is planned
    for without them. Raises UnknownArchitecture for one outside the family, EngineError for sizes that contradict.
    """
    read = _Reader(gguf)
    shape, weights = read.shapes.shape(), read.weights()
    has_mla_keys = read.shapes.has_mla_keys if shape.latent_attention else None
    params = sum(tensor.elements for tensor in read.used)
    embedding = read.embedding.elements
    routed = sum(tensor.elements for tensor in read.used if "_exps." in tensor.name)
    active = params - round(routed * (1 - weights.experts_read_share)) - (0 if weights.tied else embedding)
    quant = _quant(gguf, weights, params)
    known = _known(models, read.architecture, shape, (gguf.name, gguf.text("general.name") or "", *names))
    context = read.numbers.number("context_length")
    if has_mla_keys is False:
        shape = _expanded(shape)
    if known is not None:
        model = replace(known, shape=shape, quants=(quant,), context_max=context)
        return ModelFile(model, quant, weights, known, has_mla_keys)
    model = Model(
        id=title(gguf),
        kind="full" if shape.experts else "distill",
        hf_repo="",
        architecture=read.architecture,
        params=params,
        active_params=active,
        shape=shape,
        context_max=context,
        released=_UNRELEASED,
        licence="unknown",
        base_model="unknown",
        sampling=Sampling(temperature=0.6, top_p=0.95, source="r1-readme"),
        quants=(quant,),
        note="a file that the catalogue does not know",
        sources={},
    )
    return ModelFile(model, quant, weights, None, has_mla_keys)


class _Reader:
    """The header's numbers, each checked where it is read."""

    def __init__(self, gguf: Gguf) -> None:
        self._gguf = gguf
        architecture = gguf.text("general.architecture")
        named = next((each for each in _ARCHITECTURES if each == architecture), None)
        if named is None:
            raise UnknownArchitecture(gguf)
        self.architecture: Architecture = named
        numbers = self.numbers = Numbers(gguf, named)
        blocks = numbers.number("block_count", most=_MOST_LAYERS)
        self.layers = blocks - numbers.number("nextn_predict_layers", least=0, most=_MOST_LAYERS, default=0)
        if self.layers < 1:
            raise numbers.wrong("block_count", f"{blocks} layers, none of which is the model's own")
        # Layers that only predict further tokens are not loaded (build 0c1e57098, TENSOR_SKIP).
        self._placed = [
            (layer, name, tensor)
            for layer, name, tensor in by_layer(gguf.tensors)
            if layer is None or layer < self.layers
        ]
        self.used = [tensor for _, _, tensor in self._placed]
        embedding = next((tensor for tensor in self.used if tensor.name == "token_embd.weight"), None)
        if not gguf.tensors:
            raise EngineError(f"{gguf.name} holds no weights.", "name the model's own file")
        if embedding is None or len(embedding.dims) != 2:
            raise EngineError(f"{gguf.name} has no tensor token_embd.weight.", "give the model's first shard")
        self.embedding = embedding
        self.tied = all(tensor.name != "output.weight" for tensor in self.used)
        self.shapes = ShapeReader(numbers, named, self.layers, embedding, tied=self.tied)

    def weights(self) -> Weights:
        """Every tensor's bytes, by place."""
        trunk, routed, widest, output = [0] * self.layers, [0] * self.layers, [0] * self.layers, 0
        matrices: list[list[tuple[str, int]]] = [[] for _ in range(self.layers)]
        types: tuple[dict[str, int], dict[str, int]] = ({}, {})
        for _, name, tensor in self._placed:
            if len(tensor.dims) > 1 and (name != "token_embd.weight" or self.tied):
                of = types[name.endswith("_exps.weight")]
                of[tensor.type.name] = of.get(tensor.type.name, 0) + tensor.bytes
        for layer, name, tensor in self._placed:
            if layer is not None and len(tensor.dims) > 1:
                matrices[layer].append((name.removesuffix(".weight"), tensor.bytes))
        for layer, name, tensor in self._placed:
            if layer is None:
                if name.startswith("output"):
                    output += tensor.bytes
                elif name != "token_embd.weight":
                    trunk[0] += tensor.bytes
            elif name.endswith("_exps.weight"):
                routed[layer] += tensor.bytes
                widest[layer] = max(widest[layer], tensor.bytes)
            else:
                trunk[layer] += tensor.bytes
        if 0 in trunk:
            raise EngineError(f"{self._gguf.name} holds nothing of layer {trunk.index(0)}.", "download it again")
        experts = self.shapes.experts()
        dense = next((layer for layer, size in enumerate(routed) if size), self.layers)
        return of_layers(
            [
                layer_of(trunk[layer], routed[layer], widest[layer], tuple(matrices[layer]))
                for layer in range(self.layers)
            ],
            embedding_bytes=self.embedding.bytes,
            output_bytes=output + (self.embedding.bytes if self.tied else 0),
            dense=dense,
            read_share=experts.read_share if experts else 1.0,
            tied=self.tied,
            plain=self._plain(),
            trunk_types=types[False],
            expert_types=types[True],
        )

    def _plain(self) -> bool:
        """Whether most of the layers' bytes are numbers and not blocks."""
        layered = [tensor for layer, _, tensor in self._placed if layer is not None]
        plain = sum(tensor.bytes for tensor in layered if tensor.type.elements == 1)
        return 2 * plain > sum(tensor.bytes for tensor in layered)


def _expanded(shape: Shape) -> Shape:
    """Latent attention as plain attention: a key and a value for every head, as wide together as theirs are."""
    latent = shape.latent_attention
    if latent is None:
        return shape
    both = latent.qk_nope_head_dim + latent.qk_rope_head_dim + latent.v_head_dim
    return replace(shape, latent_attention=None, kv_heads=shape.heads, head_dim=-(-both // 2))


def _quant(gguf: Gguf, weights: Weights, params: int) -> Quant:
    name, total = quant_name(gguf), weights.total_bytes
    return Quant(
        name=name,
        bits_per_weight=total * 8 / params,
        tensor_bytes=total,
        metadata_bytes=gguf.header_bytes,
        token_embd_bytes=weights.embedding_bytes,
        decode_read_bytes=weights.read_bytes_a_token,
        basis="published" if name.startswith("UD-") else "exact",
    )


def _known(models: Iterable[Model], architecture: Architecture, shape: Shape, names: tuple[str, ...]) -> Model | None:
    """The model of this shape whose id one of the names holds, the longest id first.

    The shape read from a file has no layers that only predict further tokens, whether the file has them or not.
    """
    plain = [_plain(name) for name in names]
    same = [
        each for each in models if each.architecture == architecture and replace(each.shape, nextn_layers=0) == shape
    ]
    held = [each for each in same if any(_plain(each.id) in name for name in plain)]
    return max(held, key=lambda each: len(each.id), default=None)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())
