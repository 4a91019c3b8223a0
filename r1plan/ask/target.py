"""From what was wanted to the one model that may be asked: a file on this machine, or one of a provider."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from r1plan.ask.notes import FoundOnDisk
from r1plan.engine.target import LocalTarget, RemoteTarget
from r1plan.errors import NotFound, R1PlanError, UsageError
from r1plan.models.gguf.naming import first_shard
from r1plan.models.reference import RECOMMENDED, TINY, BuiltIn, GgufFile, HubFile, ModelName, model_reference
from r1plan.settings import expanded
from r1plan.tiny import MODEL_PATH

if TYPE_CHECKING:
    from r1plan.ask.local.run import LocalRun
    from r1plan.ask.on_disk import FoundRun
    from r1plan.ask.question import AskOptions, Wanted

_PATHS = ("/", "./", "../", "~")


def target_of(wanted: Wanted, options: AskOptions) -> tuple[LocalRun | RemoteTarget, FoundOnDisk | None]:
    """What was named, and how a model on this disk was found. The catalogue is read only where a name needs it."""
    from r1plan.engine.target import custom_target

    model, provider, base_url = wanted.model, wanted.provider, wanted.base_url
    if wanted.local and (provider or base_url):
        raise UsageError("--local answers here, --provider and --base-url elsewhere.", "leave one of them out.")
    if base_url and not provider:
        from r1plan.catalog.load import load_dialects

        return custom_target(base_url, model, load_dialects()["openai"], options.address_key), None
    if not provider and (model or "").casefold() == RECOMMENDED:
        if found := _best_here(options):
            return found
        raise _none_here()
    if wanted.local and model is None:
        if found := _best_here(options):
            return found
        if options.may_fetch:
            raise _none_here()
    if not provider and (file := model_here(model)):
        if model and _is_name_alone(model) and not file.path.exists() and (found := _on_disk(model, options)):
            return found
        return _run(file, options), None
    if model and not provider and (wanted.local or _is_of_catalogue(model)) and (found := _on_disk(model, options)):
        return found
    if wanted.local:
        raise _not_a_file(wanted)
    return _elsewhere(wanted, options)


def file_beside_route(wanted: Wanted, options: AskOptions) -> LocalRun | None:
    """The model file that was named beside a route; --local alone: the best that is here, else that in the package."""
    if wanted.model is None:
        if not wanted.local:
            return None
        found = _best_here(options)
        return _run(LocalTarget(MODEL_PATH, TINY, demonstration=True), options) if found is None else found.run
    target = model_here(wanted.model)
    if target is None and wanted.local:
        raise _not_a_file(wanted)
    if target is not None and not target.path.exists():
        raise UsageError(f"there is no file '{target.path}'.", "check the path given to --model.")
    return None if target is None else _run(target, options)


def _elsewhere(wanted: Wanted, options: AskOptions) -> tuple[LocalRun | RemoteTarget, FoundOnDisk | None]:
    """A provider's model; where none is meant, a file of that name here. Raises what says why it is neither."""
    from r1plan.catalog.load import load_models, load_providers
    from r1plan.engine.target import remote_target

    model, provider = wanted.model, wanted.provider
    providers, now = load_providers(), datetime.now(UTC)
    if model and not provider and isinstance(there := model_reference(model), HubFile):
        from r1plan.ask.not_here import hub_file_not_here

        if found := _on_disk(there.address, options):
            return found
        raise hub_file_not_here(there.address)
    try:
        return remote_target(model, provider, providers, now, wanted.base_url, options.address_key), None
    except NotFound:
        from r1plan.ask.not_here import not_here

        if model and not provider and (found := _on_disk(model, options)):
            return found
        if model and not provider and (error := not_here(model, load_models(), providers, now)):
            raise error from None
        if model and not provider and (path := expanded(Path(model))).exists():
            from r1plan.models.gguf.file import read_gguf
            from r1plan.models.gguf.source import LocalFile

            read_gguf(LocalFile(path))  # which says what it is, where it is no model
            return _run(LocalTarget(path, path.stem), options), None
        raise


def _is_of_catalogue(model: str) -> bool:
    """Whether a model of the catalogue is called just so: a file of it that is here comes before whoever sells it.

    Where a name is Ollama's, or may mean others, a provider whose model is called so comes first.
    """
    from r1plan.catalog.load import load_models
    from r1plan.models.names import find_models

    try:
        return find_models(load_models(), model).taken is None
    except (NotFound, UsageError):
        return False


def _is_name_alone(model: str) -> bool:
    """Whether a file is named without its folder, as one in a store may be."""
    return Path(model).name == model


def _on_disk(model: str, options: AskOptions) -> FoundRun | None:
    from r1plan.ask.on_disk import found_on_disk

    return found_on_disk(model, options)


def _best_here(options: AskOptions) -> FoundRun | None:
    from r1plan.ask.on_disk import best_on_disk

    return best_on_disk(options)


def _none_here() -> R1PlanError:
    from r1plan.ask.not_here import none_here

    return none_here()


def _not_a_file(wanted: Wanted) -> R1PlanError:
    from r1plan.ask.not_here import not_here
    from r1plan.catalog.load import load_models

    if wanted.model and (error := not_here(wanted.model, load_models(), {}, datetime.now(UTC))):
        return error
    return UsageError(f"'{wanted.model}' is not a model file.", "give the path of one: --model FILE.gguf")


def model_here(model: str | None) -> LocalTarget | None:
    """The model file that `model` names, None: the one in the package. None: it is not one on this machine."""
    match BuiltIn() if model is None else model_reference(model):
        case BuiltIn():
            return LocalTarget(MODEL_PATH, TINY, demonstration=True)
        case GgufFile(path):
            return LocalTarget(first_shard(expanded(path)), path.stem)
        case ModelName(text) if text.startswith(_PATHS) and _is_blob(expanded(Path(text))):
            return LocalTarget(expanded(Path(text)), Path(text).stem)
        case _:
            return None


def _is_blob(path: Path) -> bool:
    """Whether a file without an ending is a model, as a store's blobs are."""
    from r1plan.models.store.stored import begins_as_gguf, is_unfinished

    return not is_unfinished(path.name) and begins_as_gguf(path)


def _run(target: LocalTarget, options: AskOptions) -> LocalRun:
    from r1plan.ask.local.run import LocalRun

    return LocalRun(target, options)
