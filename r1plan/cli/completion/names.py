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
_MOST_LOOK_S = 0.1
_MOST_ENTRIES = 20_000


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


def _names_here() -> Iterable[str]:
    """What the models that are here are called; what is not found at once is left out. No file is opened."""
    import time

    from r1plan.models.store.host import this_host
    from r1plan.models.store.look import look
    from r1plan.models.store.places import store_places

    places = store_places(this_host(os.environ))
    listing = look(places, (), time.monotonic, most_s=_MOST_LOOK_S, most_entries=_MOST_ENTRIES, reads_headers=False)
    usable = (each.stored for each in listing.models if each.stored.flaw is None)
    return sorted({_called(each.store, each.names[0]) for each in usable})[:_MOST_FILES]


def _models_here() -> Iterable[str]:
    """What an engine here can be given: the model in the package, files of this folder, and those of the stores."""
    return dict.fromkeys(["r1-tiny", *_gguf_files(), *_names_here()])


def _called(store: str, name: str) -> str:
    """A store's name as short as `chat --model` still takes it."""
    return name if store == "ollama" else re.sub(r"(-\d{5}-of-\d{5})?\.gguf$", "", name.rpartition("/")[2], flags=re.I)


def _pulled(_given: Given) -> Iterable[str]:
    """What `models pull` has fetched, by its model and quant where it is the catalogue's."""
    from r1plan.catalog.load import load_models
    from r1plan.models.hub.files import quant_mentioned
    from r1plan.models.pull.record import PullRecords
    from r1plan.settings import directories

    models = load_models().values()
    found: dict[str, str] = {}
    for record in PullRecords(directories().data / "pulled").ours():
        if not Path(record.path).exists() and not Path(f"{record.path}.incomplete").exists():
            continue
        of_it = [model for model in models if any(each.repo == record.repo for each in model.repositories)]
        ids = [
            f"{model.id}:{quant.name}"
            for model in of_it
            for quant in model.quants
            if quant_mentioned(record.file, quant.name)
        ]
        found[ids[0] if ids else f"{record.repo}/{record.file}"] = ""
    return found


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
    return dict.fromkeys([*_models_here(), *offers])


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

    return [*(path.stem for path in month_logs(directories().logs)), "this", "last"]


def _group_keys(_given: Given) -> Iterable[str]:
    from r1plan.report.keys import COLUMNS

    return [*COLUMNS, "tag:"]


def _worlds(_given: Given) -> Iterable[str]:
    """What --what-if takes: every seller of any time, as months are past."""
    from r1plan.catalog.load import load_models, load_providers

    sold = (f"{each.id}/{offer.model}" for each in load_providers().values() for offer in each.offers)
    here = (f"local:{each}" for each in ("recommended", *load_models()))
    return dict.fromkeys(["all", "off-peak", "no-cache", "max-thinking:4000", *here, *sold])


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
    ("prices compare", "--model"): _listed_models,
    ("cost-report", "--month"): _months,
    ("cost-report", "--by"): _group_keys,
    ("cost-report", "--what-if"): _worlds,
    ("", "--install-completion"): lambda _given: SCRIPTS,
    ("", "--show-completion"): lambda _given: SCRIPTS,
}
"""By command and option."""

ARGUMENTS: dict[tuple[str, str], Names] = {
    ("hardware", "word"): _cards,
    ("models pull", "model"): _model_ids,
    ("models remove", "model"): _pulled,
    ("models verify", "model"): lambda _given: _models_here(),
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
    """What is offered only where nothing else begins as `typed`: the quants of a model behind its colon, and cards.

    Cards are named by the number that people type, as "4090" of rtx-4090, where that is understood.
    """
    is_argument = parameter.param_type_name == "argument"
    names = [ARGUMENTS.get((command, parameter.name))] if is_argument else _of_option(command, parameter)
    if ":" in typed and any(each in (_model_ids, _catalogue_models, _askable_models) for each in names):
        yield from _quants_of(typed)
    if not typed[:1].isdigit() or _cards not in names:
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


def _quants_of(typed: str) -> Iterator[str]:
    """ID:QUANT of the model that is named in front of the colon, as it is typed."""
    from r1plan.catalog.load import load_models

    name, _, quant = typed.partition(":")
    for id_, model in load_models().items():
        if id_.casefold() == name.casefold():
            for each in model.quants:
                if each.engine == "llama.cpp" and each.name.casefold().startswith(quant.casefold()):
                    yield f"{id_}:{each.name}"


def _of_option(command: str, parameter: Any) -> list[Names | None]:
    return [OPTIONS.get((command, name)) for name in parameter.opts]


def is_file(parameter: Any) -> bool:
    """Whether a file or a folder may stand for `parameter`."""
    return parameter.type.name in ("path", "file", "filename", "directory") or parameter.metavar in (
        "FILE",
        "[PATH]...",
    )


def looks_like_path(typed: str) -> bool:
    """Whether `typed` begins as no name of ours does, but as a path."""
    folder, slash, _name = typed.rpartition("/")
    return typed.startswith((".", "/", "~")) or (slash != "" and Path(folder).is_dir())
