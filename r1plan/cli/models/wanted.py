"""What a person types for a model that is to be fetched, as files of a repository."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.errors import EngineError, NotFound, NothingFits, UsageError
from r1plan.models.pull.pinned import WantedFiles, WantedModel, is_repository
from r1plan.settings import expanded

if TYPE_CHECKING:
    from r1plan.hardware.machine import Machine
    from r1plan.models.downloads import QuantDownload
    from r1plan.models.reference import Named
    from r1plan.plan.llamacpp.option import Option

_HUB = r"(?:https?://)?(?:www\.)?(?:huggingface\.co|hf\.co)/"
_QUANT_BEHIND = re.compile(rf"(?P<repo>(?:hf:|{_HUB})?[^/:\s]+/[^/:\s]+):(?P<quant>[A-Za-z0-9_-]+)\Z", re.IGNORECASE)
_PAGE = re.compile(rf"{_HUB}([^/\s?#]+/[^/\s?#]+)/?(?:tree/[^/\s?#]+/?)?\Z", re.IGNORECASE)


def wanted_model(typed: str, quant: str | None, revision: str | None, machine: Machine | None = None) -> WantedModel:
    """What `typed` means: an id with a quant or without, an address or a page at Hugging Face, or a plan's file.

    "recommended" is the model that `recommend` chooses; `machine` is what it chooses for, None: this one.

    Without a quant it is the one that `recommend` chooses for this machine. Raises UsageError, NotFound, NothingFits.
    """
    from r1plan.cli.models.plan_file import files_of_plan, is_plan
    from r1plan.models.reference import RECOMMENDED, TINY, BuiltIn, GgufFile, HubFile, model_reference

    if typed.casefold() == RECOMMENDED:
        return _of_catalogue(None, quant, revision, machine=machine)
    if found := _QUANT_BEHIND.match(typed):
        if quant is not None and quant.casefold() != found["quant"].casefold():
            raise UsageError(f"{typed} with --quant {quant}: two quants.", "say it once")
        typed, quant = found["repo"], found["quant"]
    if page := _PAGE.match(typed):
        typed = f"hf:{page[1]}"
    match model_reference(typed):
        case BuiltIn():
            raise UsageError(f"{TINY} is inside the package: there is nothing to fetch.", f"r1plan chat --model {TINY}")
        case HubFile(address):
            return _at_hub(address, quant, revision)
        case GgufFile(path) if expanded(path).exists():
            raise UsageError(f"{typed} is a file on this machine already.", f"r1plan chat --model {typed}")
        case GgufFile(path):
            raise UsageError(
                f"there is no file '{typed}'.",
                f"to fetch it, name its repository: hf:OWNER/REPO/{path.name}, or the model: ID:QUANT",
            )
        case _ if is_plan(typed):
            return files_of_plan(typed, revision)
        case _ if Path(typed).is_dir():
            raise UsageError(f"{typed} is a folder on this machine.", "name a model, or hf:OWNER/REPO")
        case _ if is_repository(typed) and typed.casefold().endswith("gguf"):  # that one, and no other of the model
            return _at_hub(f"hf:{typed}", quant, revision)
    try:
        return _of_catalogue(typed, quant, revision, machine=machine)
    except NotFound:
        if is_repository(typed):
            return _at_hub(f"hf:{typed}", quant, revision)
        raise


def _at_hub(address_text: str, quant: str | None, revision: str | None) -> WantedModel:
    from r1plan.models.hub.files import address

    where = address(address_text)
    if where.file is not None:
        if quant is not None:
            raise UsageError(f"{address_text} with --quant {quant}: the file is one quant.", "leave out --quant")
        return WantedModel(WantedFiles(where.repository, (where.file,), None, revision or "main"))
    if quant is None and (known := _model_of(where.repository)) is not None:
        return _of_catalogue(known[0], None, revision, known[1])
    return WantedModel(WantedFiles(where.repository, None, quant, revision or "main"))


def _model_of(repository: str) -> tuple[str, str | None] | None:
    """The model of the catalogue that the repository holds, and its name where it is one of GGUF files."""
    from r1plan.catalog.load import load_models

    folded = repository.casefold()
    for id_, model in load_models().items():
        held = next((each.repo for each in model.repositories if each.repo.casefold() == folded), None)
        if held is not None or folded == model.hf_repo.casefold():
            return id_, held
    return None


def _of_catalogue(
    typed: str | None,
    quant: str | None,
    revision: str | None,
    repository: str | None = None,
    machine: Machine | None = None,
) -> WantedModel:
    """The files of a model of the catalogue; `repository`: those of that one, where it has what is chosen."""
    from r1plan.models.downloads import download_of
    from r1plan.models.reference import named_model
    from r1plan.render.model_names import name_remarks
    from r1plan.render.output import note

    named = named_model(typed, quant)
    for remark in name_remarks(named.taken, named.quant_taken):
        note(remark)
    if named.model is not None and named.quant is not None:
        model = named.models[named.model]
        held = download_of(model, next(each for each in model.quants if each.name == named.quant))
        if held is None:
            raise EngineError(
                f"no repository that r1plan knows holds {named.quant} of {model.id}.",
                "find its GGUF at Hugging Face and name it: hf:OWNER/REPO/FILE",
            )
        return WantedModel(_files(held, revision), model.id, named.quant)
    from r1plan.plan.choice.merit import is_within
    from r1plan.plan.workload import Workload

    option, held = _chosen(named, repository, machine)
    slow = None if is_within(option, Workload()) else option.tok_s
    return WantedModel(_files(held, revision), option.model.id, option.quant.name, held.bytes, slow)


def _files(held: QuantDownload, revision: str | None) -> WantedFiles:
    return WantedFiles(
        held.repo, tuple(each.name for each in held.files), None, revision or held.revision or "main", True
    )


def _chosen(named: Named, repository: str | None, machine: Machine | None) -> tuple[Option, QuantDownload]:
    """The best of the models for this machine that is to be had, with its quant and its files."""
    from dataclasses import replace

    from r1plan.ask.measured import learned_of
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.cli.options.machine import this_machine
    from r1plan.models.downloads import download_of
    from r1plan.plan.llamacpp.planner import LlamaCppPlanner
    from r1plan.plan.model_set import ModelSet
    from r1plan.plan.pins import Pins
    from r1plan.plan.workload import Workload

    models = {
        id_: replace(
            model,
            quants=tuple(
                each
                for each in model.quants
                if (held := download_of(model, each)) and (repository is None or held.repo == repository)
            ),
        )
        for id_, model in named.models.items()
    }
    pins = Pins(model=named.model, quant=named.quant)
    here = machine or this_machine()
    plan = LlamaCppPlanner(learned_of(here)).plan(
        here,
        ModelSet({id_: each for id_, each in models.items() if each.quants}, load_quant_tables()),
        Workload(),
        pins,
    )
    option = plan.choice
    if option is None or not option.fits:
        what = named.model or "of those models"
        raise NothingFits(
            f"nothing {'of ' if named.model else ''}{what} that is to be had fits this machine.",
            f"r1plan recommend{f' --model {named.model}' if named.model else ''} says why; "
            "to fetch it all the same, name a quant: ID:QUANT",
        )
    held = download_of(option.model, option.quant)
    if held is None:  # only such were offered
        raise EngineError(f"no repository that r1plan knows holds {option.quant.name} of {option.model.id}.")
    return option, held
