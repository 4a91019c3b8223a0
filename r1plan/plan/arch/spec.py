"""What an architecture is to the planners: its tensors, its graph, its checkpoint's matrices, and its exceptions.

Each architecture is one file of this folder that makes one `ArchitectureSpec` of an attention and, where it has
experts, a mixture; `table.py` has a row for each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import prod
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol

from r1plan.catalog.model import Experts, LayerKind, Shape

if TYPE_CHECKING:
    from r1plan.plan.llamacpp.compute.builder import GraphBuilder

Split = Literal["rows", "columns", "heads", "none"]
ShapePart = Literal["latent_attention", "windowed_attention", "indexer", "experts"]


class Tensor(NamedTuple):
    """A tensor's name, in a layer without the leading `blk.N.`, and its dimensions, the row's length first.

    `quantised_as`: whose name the quantiser takes this one's for, where that is another's. `converted_plain`: the
    converter writes it as F32 as it does a norm, and yet the quantiser knows no such exception. `kept_as`: the type
    that it has in every file, where that is not what others of its kind have.
    """

    name: str
    dims: tuple[int, ...]
    quantised_as: str = ""
    converted_plain: bool = False
    kept_as: str = ""

    @property
    def elements(self) -> int:
        """How many numbers it holds."""
        return prod(self.dims)

    @property
    def routed_expert(self) -> bool:
        """Whether it holds the routed experts of a layer, of which a token reads few."""
        return self.name.endswith("_exps.weight")

    @property
    def plain(self) -> bool:
        """Whether a file keeps it as F32: vectors, norms, and the router's matrix."""
        return len(self.dims) < 2 or self.name == "ffn_gate_inp.weight"


class Matrix(NamedTuple):
    """A weight of `rows` outputs and `columns` inputs, `copies` of it in a layer, and along what it is split.

    Split by "heads" are keys and values: each GPU has a share of the heads, one at least, so that few heads are
    repeated. `low` says whether a quantised checkpoint quantises it; `routed` whether it belongs to the routed experts;
    `vector_bytes` is what a row has of a vector beside it, a bias or a router's correction.
    """

    name: str
    rows: int
    columns: int
    split: Split
    copies: int = 1
    attention: bool = False
    routed: bool = False
    low: bool = True
    vector_bytes: int = 0


class Attention(Protocol):
    """How the tokens of a layer look at each other."""

    def tensors(self, shape: Shape, *, joined_kv_b: bool) -> Iterable[Tensor]:
        """The tensors of a layer's attention, with its own norms; see `layer_tensors` for `joined_kv_b`."""
        ...

    def begin(self, builder: GraphBuilder) -> Callable[[int], int]:
        """Add the inputs that all layers share; the result adds a layer's attention to its normalised state.

        What that returns is what the layer's `attn_output` reads.
        """
        ...

    def matrices(self, shape: Shape) -> Iterable[Matrix]:
        """The matrices of the Hugging Face checkpoint."""
        ...

    def norm_elements(self, shape: Shape) -> int:
        """Numbers in the attention's own norms, which every GPU repeats."""
        ...


class Mixture(Protocol):
    """What stands in an expert layer where a dense one has its feed-forward part."""

    def tensors(self, shape: Shape, experts: Experts) -> Iterable[Tensor]:
        """The tensors of an expert layer without its attention."""
        ...

    def add(self, builder: GraphBuilder, source: int, experts: Experts, rows: int) -> int:
        """Add a layer's router and experts over `rows` of `source`."""
        ...

    def matrices(self, shape: Shape, experts: Experts) -> Iterable[Matrix]:
        """The matrices of the Hugging Face checkpoint."""
        ...


class ArchitectureSpec(NamedTuple):
    """One architecture. `attention` follows from the shape, which has all of `needs` and nothing but these and `takes`.

    `mixture` is None where all layers are dense. `more_outer` are tensors of no layer besides embedding and head,
    and `more_of_layer` those of a layer besides attention, experts and the two norms, and `more_matrices` the same
    of the checkpoint's. `published` says of files that are published, by the quant's name, which type a tensor has
    that is no vector, where that is known exactly; `is_70b` says for which shapes llama.cpp's quantiser spends more
    on values (LLM_TYPE_70B). `steady`: each layer leaves the compute buffer as it found it, so that a few of a kind
    stand for all.
    """

    attention: Callable[[Shape], Attention]
    mixture: Mixture | None = None
    needs: frozenset[ShapePart] = frozenset()
    takes: frozenset[ShapePart] = frozenset()
    more_outer: Callable[[Shape], Iterable[Tensor]] = lambda _shape: ()
    more_of_layer: Callable[[Shape, LayerKind], Iterable[Tensor]] = lambda _shape, _kind: ()
    more_matrices: Callable[[Shape, int], Iterable[Matrix]] = lambda _shape, _compress_ratio: ()
    published: Mapping[str, Callable[[Tensor], str]] = MappingProxyType({})
    is_70b: Callable[[Shape], bool] = lambda _shape: False
    steady: bool = True
