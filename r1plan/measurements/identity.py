"""Which machine and which file a measurement is of, by what decides how much they take and how fast they are."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from r1plan.units import GIB

if TYPE_CHECKING:
    from r1plan.hardware.machine import GpuDevice, Machine
    from r1plan.models.gguf.file import Gguf
    from r1plan.models.gguf.model import ModelFile


@dataclass(frozen=True, slots=True, kw_only=True)
class CardIdentity:
    """One card or MIG slice. Two that are equal are alike: which of them it is changes nothing, so no UUID is kept.

    `driver` and `power_limit_w` are as they were; a card with others is the same card in another state.
    """

    vendor: str
    name: str
    profile: str | None
    total_bytes: int
    multiprocessors: int | None
    mig: bool
    unified: bool
    driver: str | None
    power_limit_w: float | None
    pcie_generation: int | None
    pcie_lanes: int | None

    def is_same_card(self, other: CardIdentity) -> bool:
        """Whether both are alike but for what can be set on a card: its driver, its power limit, its slot."""
        return _fixed(self) == _fixed(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessorIdentity:
    """The processor and its memory. `ram_gib` is rounded: a kernel keeps more or less of it for itself."""

    model: str
    architecture: str
    cores: int
    physical_cores: int | None
    ram_gib: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineIdentity:
    """A machine: `cards` in the engine's order. Without those that were hidden from it, it is another."""

    system: str
    processor: ProcessorIdentity
    cards: tuple[CardIdentity, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FileIdentity:
    """A model file. `digest` is of its tensors' names, types and places: files with the same take and do the same.

    `model` is the catalogue's id, else what the file calls itself; `is_known`: the former. `name` is the file's own.
    `active_params` calculate for a token; `is_latent`: attention caches one compressed vector. `trunk_types` and
    `expert_types` are bytes by ggml's type, of what all tokens read and of routed experts. `heads_a_key` heads attend
    to one cached key, with `attention_flop_a_depth` operations a token for each token before it. Readings of before
    29 November 2026 do not say them.
    """

    model: str
    is_known: bool
    quant: str
    architecture: str
    name: str
    file_bytes: int
    digest: str
    active_params: int = 0
    bits_per_weight: float = 0.0
    is_mixture: bool = False
    is_latent: bool = False
    trunk_types: tuple[tuple[str, int], ...] = ()
    expert_types: tuple[tuple[str, int], ...] = ()
    heads_a_key: int = 0
    attention_flop_a_depth: float = 0.0


def machine_identity(machine: Machine) -> MachineIdentity:
    """What is kept of `machine`."""
    cpu, memory = machine.cpu, machine.memory
    return MachineIdentity(
        system=machine.system,
        processor=ProcessorIdentity(
            model=cpu.model,
            architecture=cpu.architecture,
            cores=cpu.cores,
            physical_cores=cpu.physical_cores,
            ram_gib=round(memory.usable_bytes / GIB),
        ),
        cards=tuple(card_identity(each) for each in machine.gpus),
    )


def card_identity(gpu: GpuDevice) -> CardIdentity:
    """What is kept of a card."""
    return CardIdentity(
        vendor=gpu.vendor,
        name=gpu.name,
        profile=gpu.profile,
        # One memory for both is sized by what the system has left of it.
        total_bytes=round(gpu.total_bytes / GIB) * GIB if gpu.unified else gpu.total_bytes,
        multiprocessors=gpu.multiprocessors,
        mig=gpu.mig,
        unified=gpu.unified,
        driver=gpu.driver,
        power_limit_w=gpu.power_limit_w,
        pcie_generation=gpu.pcie_generation,
        pcie_lanes=gpu.pcie_lanes,
    )


def file_identity(gguf: Gguf, file: ModelFile) -> FileIdentity:
    """What is kept of a model file."""
    table = sha256()
    for each in gguf.tensors:
        table.update(f"{each.name}\0{each.type.name}\0{','.join(map(str, each.dims))}\n".encode())
    return FileIdentity(
        model=file.model.id,
        is_known=file.known is not None,
        quant=file.quant.name,
        architecture=file.model.architecture,
        name=gguf.name,
        file_bytes=gguf.file_bytes,
        digest=table.hexdigest(),
        active_params=file.model.active_params,
        bits_per_weight=file.quant.bits_per_weight,
        is_mixture=file.weights.expert_layers > 0,
        is_latent=file.model.shape.latent_attention is not None,
        trunk_types=file.weights.trunk_types,
        expert_types=file.weights.expert_types,
        heads_a_key=file.model.shape.heads_a_key,
        attention_flop_a_depth=file.model.shape.attention_flop_a_depth,
    )


def _fixed(card: CardIdentity) -> dict[str, object]:
    settable = ("driver", "power_limit_w", "pcie_generation", "pcie_lanes", "profile")
    return {name: value for name, value in asdict(card).items() if name not in settable}
