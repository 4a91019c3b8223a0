"""What a machine draws while a model works on it, and while it waits: watts at the wall, the host's own included.

A card that waits for its memory draws less than its limit, and one that waits for the host hardly more than nothing.
Nobody publishes that by card, so the shares below are taken from the few readings that there are, and are assumed of
all other cards.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from r1plan.hardware.machine import GpuDevice
from r1plan.plan.basis import Basis
from r1plan.plan.speed import Bottleneck

# Of what is between a card's idle watts and its limit, the share it draws by what holds it up. An H200 (limit 700 W)
# was at 475 W with a 32B, at 406 W with a 7B and at 131 to 150 W with weights left to the host (NVML, averages, in
# tests/measured/h200_verify.jsonl). Cards with GDDR: an RTX 5060 Ti at 96 % of its limit (inventivehq.com); by the wall
# figures of geerlingguy/ai-benchmarks @bdf9441, less 70 W for a desktop or 8 W for a small board and a tenth for the
# supply, 4090, 3060, 4070 Ti, R9700 and 7900 XT at 71 to 78 %, 2080 Ti at 83 %, A4000 at 99 %.
_GDDR_AT_MEMORY, _HBM_AT_MEMORY = 0.8, 0.64
_AT_FIXED_COST = 0.53
_AT_ARITHMETIC = 0.95
_AT_HOST = 0.1

# A card that holds a model and does nothing, as a share of its limit: 3090 24 W, 4090 22 W, 5090 18 to 22 W, 7900 XTX
# 15 W; with HBM H200 77 W (NVML), V100 40 W (ollama#8591, club-3090#1322 and public nvidia-smi outputs).
_IDLE_GDDR, _IDLE_HBM = 0.05, 0.11

# The host: 75 W separate a desktop from a board of 8 W under the same RTX 4090 (464 and 397 W at the wall, same source
# as above). Waiting: assumed. With the processor at work: what profiles/forecast.yaml takes for a desktop under load.
_DESKTOP_BUSY, _DESKTOP_IDLE, _DESKTOP_COMPUTING = 75.0, 50.0, 150.0
# A server's host, for each of its cards: assumed. A DGX H100 may draw 10.2 kW (data sheet), its eight cards 5.6 of
# them: 575 W for each at most, fans and all.
_SERVER_BUSY, _SERVER_IDLE, _SERVER_COMPUTING = 200.0, 150.0, 300.0

# A laptop's, without its card: assumed.
_LAPTOP_BUSY, _LAPTOP_IDLE, _LAPTOP_COMPUTING = 30.0, 10.0, 65.0

# Of cards for servers those with HBM have at least this (V100: 898 GB/s; an L40S, with GDDR6, has 864).
_LEAST_HBM_GB_S = 870.0


class PowerDraw(NamedTuple):
    """Watts at the wall of the whole machine, at work and waiting with the model loaded."""

    busy_w: float
    idle_w: float
    basis: Basis
    source: str


class DrawReading(NamedTuple):
    """Watts that were read while a model worked, and by which counters: "nvml" of cards, "rapl" of a processor."""

    watts: float
    source: str


class _WholeMachine(NamedTuple):
    """What a machine with one memory for all draws at the wall, by a pattern of its graphics' id."""

    id: str
    busy_w: float
    idle_w: float
    source: str


_GEERLING = "geerlingguy/ai-benchmarks @bdf9441, at the wall"
_APPLE = "Apple's maximum (support pages 103253 and 102027), times 0.87: an M3 Ultra decoded at 227 to 243 of 270 W"
_WHOLE_MACHINES = (
    _WholeMachine("gb10", 147.0, 35.0, f"{_GEERLING}: 138 W with a 14B, 156 W with a 70B; idle assumed"),
    _WholeMachine("radeon-80[456]0s", 137.0, 12.0, f"{_GEERLING}: 133 and 140 W; idle assumed"),
    _WholeMachine(r"m\d+-ultra-.*", 235.0, 9.0, f"{_APPLE}; of other Ultras assumed"),
    _WholeMachine(r"m\d+-max-.*", 126.0, 6.0, f"{_APPLE}; of other Max chips than the M4's assumed"),
    _WholeMachine(r"m\d+-pro-.*", 122.0, 5.0, f"{_APPLE}; of other Pro chips than the M4's assumed"),
    _WholeMachine(r"m\d+-\d+c", 57.0, 4.0, f"{_APPLE}; of other chips than the M4 assumed"),
)

_SHARES = "shares of the cards' limits by what holds them up, and the host's watts, assumed from a few readings"
_PROCESSOR_ALONE = "a desktop computer under load, assumed"


def power_draw(cards: Sequence[GpuDevice], bottleneck: Bottleneck, *, in_turn: bool = False) -> PowerDraw | None:
    """What the machine draws while `cards` work, held up by `bottleneck`; no cards: the processor alone works.

    `in_turn`: layers are split over the cards, so that one works while the others wait. None where a card's limit is
    not known.
    """
    if not cards:
        return PowerDraw(_DESKTOP_COMPUTING, _DESKTOP_IDLE, "assumed", _PROCESSOR_ALONE)
    whole = _whole_machine(cards)
    if whole is not None:
        return PowerDraw(whole.busy_w, whole.idle_w, "assumed", whole.source)
    draws = [_card_w(each, bottleneck) for each in cards]
    known = [each for each in draws if each is not None]
    if len(known) < len(draws):
        return None
    host_busy, host_idle = _host_w(cards, computing=_waits_for_host(bottleneck))
    idle = sum(each for _, each in known)
    working = sum(busy for busy, _ in known) - idle
    return PowerDraw(
        idle + (working / len(known) if in_turn else working) + host_busy, idle + host_idle, "assumed", _SHARES
    )


def measured_draw(
    cards: Sequence[GpuDevice], bottleneck: Bottleneck, modelled: PowerDraw, reading: DrawReading
) -> PowerDraw:
    """`modelled`, at work as it was read on this machine; what the counters do not see of it is added.

    A reading of a limit is none, nor is one of a processor where cards work, or of graphics inside a processor.
    """
    if not reading.watts > 0 or reading.source not in (("nvml", "nvml+rapl") if cards else ("rapl",)):
        return modelled
    if _whole_machine(cards) is not None:
        return modelled
    busy, idle = _host_w(cards, computing=_waits_for_host(bottleneck))
    around = busy if reading.source == "nvml" else idle
    return modelled._replace(
        busy_w=reading.watts + around,
        basis="measured here",
        source=f"{reading.watts:.0f} W by {reading.source}, and {around:.0f} W around them, assumed; idle assumed",
    )


def _whole_machine(cards: Iterable[GpuDevice]) -> _WholeMachine | None:
    """The machine of graphics that share one memory with the processor, where any of them is known."""
    for card in cards:
        for each in _WHOLE_MACHINES:
            if card.unified and card.profile is not None and re.fullmatch(each.id, card.profile):
                return each
    return None


def _card_w(card: GpuDevice, bottleneck: Bottleneck) -> tuple[float, float] | None:
    """One card at work and idle."""
    limit = card.power_limit_w
    if limit is None:
        return None
    has_hbm = _is_servers(card) and (card.bandwidth_gb_s or 0.0) >= _LEAST_HBM_GB_S
    idle = limit * (_IDLE_HBM if has_hbm else _IDLE_GDDR)
    if _waits_for_host(bottleneck):
        share = _AT_HOST
    elif bottleneck == "gpu arithmetic":
        share = _AT_ARITHMETIC
    elif bottleneck in ("gpu layers' fixed cost", "link between cards", "server's own work"):
        share = _AT_FIXED_COST
    else:
        share = _HBM_AT_MEMORY if has_hbm else _GDDR_AT_MEMORY
    return idle + share * (limit - idle), idle


def _waits_for_host(bottleneck: Bottleneck) -> bool:
    return bottleneck in ("host bandwidth", "host layers' fixed cost", "processor cores", "disk")


def _is_servers(card: GpuDevice) -> bool:
    """Whether it stands in a server: Nvidia's for data centres, AMD's Instincts."""
    return card.gpu_class == "nvidia-datacentre" or re.match(r"mi\d", card.profile or "") is not None


def _host_w(cards: Sequence[GpuDevice], *, computing: bool) -> tuple[float, float]:
    """What the host draws beside its cards, at work and idle."""
    servers = sum(map(_is_servers, cards))
    if servers:
        return servers * (_SERVER_COMPUTING if computing else _SERVER_BUSY), servers * _SERVER_IDLE
    if any((card.profile or "").endswith("-laptop") for card in cards):
        return (_LAPTOP_COMPUTING if computing else _LAPTOP_BUSY), _LAPTOP_IDLE
    return (_DESKTOP_COMPUTING if computing else _DESKTOP_BUSY), _DESKTOP_IDLE
