"""Where a quant's bytes lie in the model: embedding, trunk of each layer, routed experts, output head."""

from __future__ import annotations

from dataclasses import dataclass

from r1plan.catalog.model import Model, Quant

# Bits a weight of the output head: Q6_K in every stock mix, but the plain types and the smallest ones
# (llama.cpp build 0c1e57098, llama_tensor_get_type).
_HEAD_BITS = {"Q8_0": 8.5, "F16": 16.0, "BF16": 16.0, "IQ1_S": 5.5, "IQ1_M": 5.5, "IQ2_XXS": 5.5, "IQ2_XS": 5.5}
_HEAD_BITS_ELSE = 6.5625

# Bits a weight of the widest expert tensor (ffn_down_exps of the layers that a mix favours). Q4_K_M is checked by
# the H100 readings: 256 * 7168 * 2048 * 6.5625 / 8 = 2,940 MiB.
_WIDEST_EXPERT_BITS = {
    "Q2_K": 3.4375,
    "Q3_K_S": 3.4375,
    "Q3_K_M": 5.5,
    "Q3_K_L": 5.5,
    "Q4_K_S": 5.5,
    "Q4_K_M": 6.5625,
    "Q5_K_S": 5.5,
    "Q5_K_M": 6.5625,
    "Q6_K": 6.5625,
    "Q8_0": 8.5,
    "F16": 16.0,
}
# Published dynamic files keep everything but the routed experts at 4.5 to 6.6 bits (gguf_sizes: decode_read_gb_est).
_DYNAMIC_TRUNK_BITS = 5.5
_DYNAMIC_EMBEDDING_BITS = 4.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """The bytes of one quant of one model, by place.

    `trunk_bytes` are all layers without routed experts, taken as equal from layer to layer; `expert_bytes` are all
    routed experts, equal over the layers from `dense_layers` on. `whole_is_exact` is false for published sizes, which
    are rounded. All parts together are the file's tensors.
    """

    layers: int
    dense_layers: int
    embedding_bytes: int
    output_bytes: int
    trunk_bytes: int
    expert_bytes: int
    experts_read_share: float
    widest_expert_tensor_bytes: int
    whole_is_exact: bool

    @property
    def total_bytes(self) -> int:
        """All tensors of the file."""
        return self.embedding_bytes + self.output_bytes + self.trunk_bytes + self.expert_bytes

    @property
    def expert_layers(self) -> int:
        """Layers that hold routed experts; 0 for a dense model."""
        return self.layers - self.dense_layers if self.expert_bytes else 0

    def trunk_of(self, first: int, end: int) -> int:
        """Bytes of layers `first` to `end` (exclusive) without routed experts. Consecutive ranges add up exactly."""
        return self.trunk_bytes * end // self.layers - self.trunk_bytes * first // self.layers

    def experts_of(self, first: int, end: int) -> int:
        """Bytes of the routed experts of layers `first` to `end` (exclusive). Consecutive ranges add up exactly."""
        if not self.expert_bytes:
            return 0
        low, high = max(first - self.dense_layers, 0), max(end - self.dense_layers, 0)
        return self.expert_bytes * high // self.expert_layers - self.expert_bytes * low // self.expert_layers


def weights_of(model: Model, quant: Quant) -> Weights:
    """The places of `quant`'s bytes in `model`.

    A mixture's experts follow from what one token reads: read = trunk + used/routed * experts (gguf_sizes.yaml).
    """
    shape, experts = model.shape, model.shape.experts
    table = shape.vocab_size * shape.hidden_size
    embedding = quant.token_embd_bytes
    if embedding is None:
        embedding = round(table * _DYNAMIC_EMBEDDING_BITS / 8)
    output = round(table * _HEAD_BITS.get(quant.name, _HEAD_BITS_ELSE) / 8)
    if shape.tied_embeddings:
        output = 0
    expert_bytes, read_share, widest = 0, 1.0, 0
    if experts is not None:
        read_share = experts.used_per_token / experts.routed
        expert_layers = shape.layers - experts.dense_layers
        tensor = experts.routed * shape.hidden_size * experts.ffn_size
        on_layers = quant.tensor_bytes - embedding
        if quant.decode_read_bytes is not None:
            expert_bytes = round((on_layers - quant.decode_read_bytes) / (1 - read_share))
        else:
            trunk_params = model.params - 2 * table - 3 * tensor * expert_layers
            expert_bytes = on_layers - output - round(trunk_params * _DYNAMIC_TRUNK_BITS / 8)
        mean_bits = expert_bytes * 8 / (3 * tensor * expert_layers)
        widest = round(tensor * _WIDEST_EXPERT_BITS.get(quant.name, min(mean_bits * 1.35, 16)) / 8)
    return Weights(
        layers=shape.layers,
        dense_layers=experts.dense_layers if experts else shape.layers,
        embedding_bytes=embedding,
        output_bytes=output,
        trunk_bytes=quant.tensor_bytes - embedding - output - expert_bytes,
        expert_bytes=expert_bytes,
        experts_read_share=read_share,
        widest_expert_tensor_bytes=widest,
        whole_is_exact=quant.basis != "published",
    )
