"""Which names may stand for an option or an argument. Each is read from the catalogue when it is asked for."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from r1plan.cli.completion.scripts import SCRIPTS

if TYPE_CHECKING:
    from r1plan.catalog.provider import Provider

Given = Mapping[str, Any]
"""What stands before on the line, by the name of the parameter."""

_MOST_FILES = 200


def _cards(_given: Given) -> Iterable[str]:
    from r1plan.catalog.load import load_hardware

    return load_hardware().accelerators


def _processors(_given: Given) -> Iterable[str]:
    from r1plan.catalog.load import load_cpus

    return [each.removeprefix("cpu-") for each in load_cpus()]  # as people call them


def _catalogue_models(_given: Given) -> Iterable[str]:
    from r1plan.catalog.load import load_models

    return [*load_models(), *_gguf_files()]


def _quants(given: Given) -> Iterable[str]:
    from r1plan.catalog.load import load_models

    models = load_models()
    wanted = str(given.get("model") or "").casefold()
    meant = [model for id_, model in models.items() if id_.casefold() == wanted] or models.values()
    return dict.fromkeys(quant.name for model in meant for quant in model.quants)


def _providers(_given: Given) -> Iterable[str]:
    from r1plan.catalog.load import load_providers

    return load_providers()


def _offers(provider: Provider) -> Iterable[str]:
    now = datetime.now(UTC)
    return dict.fromkeys(offer.model for offer in provider.offers if offer.is_current(now))


def _model_ids(_given: Given) -> Iterable[str]:
    from r1plan.catalog.load import load_models

    return load_models()


def _models_of_provider(given: Given) -> Iterable[str]:
    from r1plan.catalog.load import load_providers

    found = load_providers().get(str(given.get("provider")))
    return () if found is None else _offers(found)


def _askable_models(given: Given) -> Iterable[str]:
    """PROVIDER/MODEL; a model alone behind --provider."""
    from r1plan.catalog.load import load_providers

    providers = load_providers()
    if given.get("provider"):
        return _models_of_provider(given)
    offers = (f"{each.id}/{model}" for each in providers.values() if each.can_be_asked for model in _offers(each))
    return ["r1-tiny", *_gguf_files(), *offers]


def _listed_models(given: Given) -> Iterable[str]:
    from r1plan.catalog.load import load_providers

    if given.get("provider"):
        return ["r1", *_models_of_provider(given)]
    return ["r1", *dict.fromkeys(model for each in load_providers().values() for model in _offers(each))]


def _routes(_given: Given) -> Iterable[str]:
    from r1plan.catalog.load import load_routes

    return load_routes()


def _months(_given: Given) -> Iterable[str]:
    from r1plan.ledger.months import month_logs
    from r1plan.settings import directories

    return [path.stem for path in month_logs(directories().logs)]


def _group_keys(_given: Given) -> Iterable[str]:
    from r1plan.report.keys import COLUMNS

    return [*COLUMNS, "tag:"]


def _gguf_files() -> Sequence[str]:
    """Model files in this folder."""
    try:
        with os.scandir() as found:
            return sorted(each.name for each in found if each.name.endswith(".gguf"))[:_MOST_FILES]
    except OSError:
        return ()


Names = Callable[[Given], Iterable[str]]

OPTIONS: dict[tuple[str, str], Names] = {
    ("recommend", "--gpu"): _cards,
    ("recommend", "--cpu"): _processors,
    ("recommend", "--model"): _catalogue_models,
    ("recommend", "--quant"): _quants,
    ("chat", "--model"): _askable_models,
    ("chat", "--provider"): _providers,
    ("chat", "--route"): _routes,
    ("chat", "--thinking"): lambda _given: ("show", "dim", "hide"),
    ("models inspect", "--quant"): _quants,
    ("models pull", "--quant"): _quants,
    ("prices list", "--provider"): _providers,
    ("prices list", "--model"): _listed_models,
    ("cost-report", "--month"): _months,
    ("cost-report", "--by"): _group_keys,
    ("", "--install-completion"): lambda _given: SCRIPTS,
    ("", "--show-completion"): lambda _given: SCRIPTS,
}
"""By command and option."""

ARGUMENTS: dict[tuple[str, str], Names] = {
    ("hardware", "word"): _cards,
    ("models pull", "model"): _model_ids,
    ("models remove", "model"): _model_ids,
    ("prices show", "provider"): _providers,
    ("prices show", "model"): _models_of_provider,
    ("prices cost", "provider"): _providers,
    ("prices cost", "model"): _models_of_provider,
}
"""By command and the argument's name."""


def names_for(command: str, parameter: Any, given: Given) -> Iterable[str] | None:
    """What may stand for `parameter` of `command`, which is without "r1plan"; None: nobody knows."""
    if parameter.param_type_name == "argument":
        found = ARGUMENTS.get((command, parameter.name))
    else:
        found = next((OPTIONS[command, name] for name in parameter.opts if (command, name) in OPTIONS), None)
    if found is not None:
        return found(given)
    choices = getattr(parameter.type, "choices", None)
    return None if choices is None else [str(each) for each in choices]


def short_names_for(command: str, parameter: Any, typed: str) -> Iterator[str]:
    """Cards by the number that people type, as "4090" of rtx-4090, which begin as `typed` and are understood."""
    is_argument = parameter.param_type_name == "argument"
    if not typed[:1].isdigit():
        return
    if _cards not in ([ARGUMENTS.get((command, parameter.name))] if is_argument else _of_option(command, parameter)):
        return
    from r1plan.catalog.load import load_hardware
    from r1plan.errors import R1PlanError
    from r1plan.hardware.names.match import match_card

    hardware = load_hardware()
    for id_ in hardware.accelerators:
        short = re.sub(r"^[a-z-]+-(?=\d)", "", id_)
        if short == id_ or not short.startswith(typed.casefold()):
            continue
        try:
            found = match_card(hardware, short)
        except R1PlanError:
            continue
        if found is not None and found.sheet.id == id_:
            yield short


def _of_option(command: str, parameter: Any) -> list[Names | None]:
    return [OPTIONS.get((command, name)) for name in parameter.opts]


def is_file(parameter: Any) -> bool:
    """Whether a file or a folder may stand for `parameter`."""
    return parameter.type.name in ("path", "file", "filename", "directory") or parameter.metavar == "FILE"


def looks_like_path(typed: str) -> bool:
    """Whether `typed` begins as no name of ours does, but as a path."""
    folder, slash, _name = typed.rpartition("/")
    return typed.startswith((".", "/", "~")) or (slash != "" and Path(folder).is_dir())
