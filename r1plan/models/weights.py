"""Where a model's bytes lie: embedding, each layer's trunk and routed experts, output head."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

TypeBytes = tuple[tuple[str, int], ...]
"""Bytes by the name of ggml's type that they are of."""


class Layer(NamedTuple):
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
    estimated. `plain`: the matrices are numbers of 16 bits or more, not blocks. `trunk_types` are the bytes of each of
    ggml's types in all matrices that every token reads, `expert_types` in those of routed experts; empty where nobody
    knows.
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
    trunk_types: TypeBytes = ()
    expert_types: TypeBytes = ()

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
    trunk_types: Mapping[str, int] | None = None,
    expert_types: Mapping[str, int] | None = None,
) -> Weights:
    """The weights of a model with these layers, of which the first `dense` hold no routed experts."""
    trunk, experts, widest_experts, matrices, widest_matrices = zip(*layers, strict=True)
    return Weights(
        embedding_bytes=embedding_bytes,
        output_bytes=output_bytes,
        dense_layers=dense,
        trunk_before=tuple(accumulate(trunk, initial=0)),
        experts_before=tuple(accumulate(experts, initial=0)),
        widest_experts=widest_experts,
        matrices=matrices,
        widest_matrices=widest_matrices,
        experts_read_share=read_share,
        whole_is_exact=exact,
        tied=tied,
        plain=plain,
        trunk_types=_type_bytes(trunk_types or {}),
        expert_types=_type_bytes(expert_types or {}),
    )


def _type_bytes(types: Mapping[str, int]) -> TypeBytes:
    """By type, without tables of whole numbers, of which a token looks up a row."""
    return tuple(sorted((type_, size) for type_, size in types.items() if size and type_ != "I32"))


def layer_of(
    trunk_bytes: int, expert_bytes: int, widest_expert_bytes: int, matrices: tuple[tuple[str, int], ...]
) -> Layer:
    """A layer of which the matrices are known."""
    widest = max((size for name, size in matrices if not name.endswith("_exps")), default=0)
    return Layer(trunk_bytes, expert_bytes, widest_expert_bytes, matrices, widest)
