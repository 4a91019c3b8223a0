"""What the devices did for a token and a prompt that were measured, as plans count it."""

from __future__ import annotations

from r1plan.catalog.model import Architecture
from r1plan.measurements.measurement import Measurement
from r1plan.plan.llamacpp.speed.work import CardWork, HostWork, PromptWork, TokenWork, kv_type_of, with_types, work_kind

_USUAL_BITS = 4.85
_STREAMS: Architecture = "deepseek4"


def measured_work(of: Measurement, cards: dict[int, int]) -> TokenWork:
    """The work that was measured, in the cards' numbers here."""
    on_cards = [each for each in of.work if each.card is not None]
    file, bits = of.file, of.file.bits_per_weight or _USUAL_BITS
    tokens = min([each.tokens for each in of.prefill], default=of.settings.n_ubatch)
    kind = with_types(
        work_kind(file.quant, bits, moe=file.is_mixture, latent=file.is_latent),
        file.trunk_types,
        file.expert_types,
        file.heads_a_key,
    )
    streams = file.architecture == _STREAMS
    without_experts = sum(each.expert_layers for each in of.work if each.card is None)
    return TokenWork(
        kind._replace(streams=streams),
        tuple(
            CardWork(
                cards[each.card],
                each.layers,
                each.weights_read_bytes,
                each.cache_read_bytes,
                kv_type=kv_type_of(of.settings.kv_type),
                whole_layers=max(each.layers - without_experts // len(on_cards), 0) * streams,
            )
            for each in on_cards
            if each.card is not None
        ),
        _host(of, beside_cards=bool(on_cards) and of.layout != "unified"),
        of.disk_bytes,
        PromptWork(
            2.0 * file.active_params,
            of.streamed_bytes,
            0.0,
            max(min(of.settings.n_ubatch, tokens), 1),
            mapped=of.settings.mapped,
            attention_flop_a_depth=file.attention_flop_a_depth,
        ),
    )


def _host(of: Measurement, *, beside_cards: bool) -> HostWork | None:
    work = next((each for each in of.work if each.card is None), None)
    if work is None or not work.weights_read_bytes:
        return None
    hands_over, read = beside_cards and not work.expert_layers, work.weights_read_bytes
    # Beside cards a layer's experts are all that is here of it; without, they are most of what a token reads.
    experts = read if work.expert_layers else 0
    return HostWork(
        work.layers,
        work.expert_layers,
        read,
        work.cache_read_bytes,
        hands_over,
        experts,
        kv_type=kv_type_of(of.settings.kv_type),
    )
