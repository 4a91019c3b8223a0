"""`r1plan models list`: the models that are here already, or all that the catalogue knows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from datetime import datetime

    from r1plan.hardware.machine import Machine
    from r1plan.models.store.look import StoreListing
    from r1plan.render.models.here import ListedModel


def list_models(
    known: Annotated[bool, typer.Option("--known", help="List the catalogue's models and quants instead.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List the models that are here already, whichever program fetched them.

    Looked at are r1plan's own folder, Hugging Face's cache, Ollama's store, LM Studio's folder and llama.cpp's cache.
    Only headers are read. What a model needs, and whether it fits, is planned for this machine as it is now. When it
    was used last is what r1plan's own log says.
    """
    from r1plan.ask.on_disk import models_on_disk
    from r1plan.cli.options.machine import this_machine

    listing, machine = models_on_disk(), this_machine()
    if known:
        _show_known(listing, machine, json=json)
    else:
        _show_here(listing, machine, json=json)


def _show_here(listing: StoreListing, machine: Machine, *, json: bool) -> None:
    from r1plan.ask.measured import learned_of
    from r1plan.ask.on_disk import log_name
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.plan.llamacpp.file_option import file_option
    from r1plan.render import output
    from r1plan.render.models.here import ListedModel, here_document, here_lines

    tables, used, learned = load_quant_tables(), _last_used(), learned_of(machine)
    rows = [
        ListedModel(
            each,
            file_option(machine, each.file, tables, learned) if each.is_whole and each.file is not None else None,
            used.get(log_name(each).casefold()),
        )
        for each in listing.models
    ]
    rows.sort(key=_place)
    if json:
        output.document(here_document(rows, listing))
    else:
        output.lines(here_lines(rows, listing, output.columns()))


def _place(each: ListedModel) -> tuple[bool, bool, bool]:
    """What can be run stands first, and of that what fits."""
    option = each.option
    return not each.model.is_whole, option is None, option is not None and not option.in_memory


def _last_used() -> dict[str, datetime]:
    """When each model here was asked last, by the name that the log has."""
    from r1plan.ledger.history import read_history
    from r1plan.settings import directories

    local = [each for each in read_history(directories().logs) if each.provider == "local"]
    return {each.model_requested.casefold(): each.started_at for each in reversed(local)}


def _show_known(listing: StoreListing, machine: Machine, *, json: bool) -> None:
    from r1plan.ask.measured import learned_of
    from r1plan.catalog.load import load_models
    from r1plan.catalog.quality import load_quant_tables
    from r1plan.models.store.find import quant_of
    from r1plan.plan.llamacpp.choose import choose
    from r1plan.plan.llamacpp.file_option import quant_option
    from r1plan.plan.llamacpp.option import option_id
    from r1plan.plan.model_set import ModelSet
    from r1plan.plan.pins import Pins
    from r1plan.plan.workload import Workload
    from r1plan.render import output
    from r1plan.render.models.known import KnownModel, KnownQuant, known_document, known_lines

    models, learned = ModelSet(load_models(), load_quant_tables()), learned_of(machine)
    here = {(each.id, (quant_of(each) or "").casefold()) for each in listing.models if each.is_whole}
    chosen = choose(machine, models, Workload(), Pins(), learned).choice
    rows = []
    for model in models.models.values():
        quants = [
            KnownQuant(
                quant,
                quant_option(machine, models, model.id, quant.name, learned),
                (model.id, quant.name.casefold()) in here,
                chosen is not None and chosen.id == option_id(model, quant),
            )
            for quant in sorted(model.quants, key=lambda each: each.file_bytes)
        ]
        rows.append(KnownModel(model, tuple(quants)))
    if json:
        output.document(known_document(rows))
    else:
        output.lines(known_lines(rows, output.columns()))
