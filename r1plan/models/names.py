"""Which model of the catalogue a name means: an id, Hugging Face's or Ollama's name for it, an address, or "qwen 32b".

A name is taken apart into words. Those of a model come from its own file: its id, its repositories, its base model and
its aliases; so a model that is added is found without any Python. A name with a word that no model has means none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from r1plan.catalog.model import Model
from r1plan.errors import NotFound
from r1plan.models.quant_names import split_quant

TakenFor = Literal["usual", "ollama", "api", "itself", "near", "any"]
"""Why a name was taken for a model: the usual one of several, Ollama's, the API's of its maker, R1 itself although
Ollama calls another so, the nearest spelling; or any of several, of which the best is to be chosen."""

_HOSTS = re.compile(
    r"(?:https?://)?(?:www\.)?(huggingface\.co|hf\.co|ollama\.com|registry\.ollama\.ai)/", re.IGNORECASE
)
_OLLAMA_SAYS = re.compile(r"(?:ollama\s+(?:run|pull)\s+|library/)", re.IGNORECASE)
_WORD = re.compile(
    r"(?<![a-z0-9])(?:r1|v\d(?:\.\d)?(?!\.\d))(?![a-z0-9])|\d+(?:\.\d+)?b(?![a-z0-9])|[^\W\d_]+|\d+(?:\.\d+)?"
)
_LIKE_QUANT = re.compile(r":((?:UD-)?(?:I?Q|TQ|BF|F|FP|INT)\d\w*)$", re.IGNORECASE)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)b")
_UNDOTTED = re.compile(r"(?<![a-z0-9])v(\d)[p_-]?(\d)(?![a-z0-9.])")  # "v3p1", as Fireworks writes V3.1
_SUCCESSION = re.compile(r"v(\d)(?:\.\d)?")  # as R1's successors are called
_VERSION = re.compile(r"\d(?:\.\d)?")
# Words that say nothing of which model is meant.
_NOISE = frozenset({"ai", "gguf", "ggufs", "i", "hf", "model", "ollama", "the", "full", "original", "official"})
_NOISE |= {"models", "quantized", "quant", "weights"}
_MAKER = "deepseek"
# The words, beside a date such as 0528, that no other family has.
_MARKS = frozenset({"r1", "distill", _MAKER})
_DATE = re.compile(r"\d{4}")
_SAME = {"distilled": "distill", "dist": "distill"}
_LEAST_LETTERS = 4
_NO_TYPING_ERRORS = frozenset({"llava"})  # a model of its own, one letter beside "llama"


@dataclass(frozen=True, slots=True)
class NameTaken:
    """What a person should know of how a name was understood. `others` have as good a claim to it."""

    typed: str
    taken: tuple[str, ...]
    why: TakenFor
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FoundModels:
    """The model that a name means, or the several among which the best is to be chosen, with the quant in the name."""

    ids: tuple[str, ...]
    quant: str | None = None
    taken: NameTaken | None = None


def find_models(known: Mapping[str, Model], typed: str) -> FoundModels:
    """What `typed` means, of `known` models by id. Raises NotFound, which offers near ones of the family."""
    by_folded = {each.casefold(): each for each in known}
    name, of_ollama = _without_address(typed)
    if name.casefold() in by_folded and not of_ollama:
        id_ = by_folded[name.casefold()]
        return FoundModels((id_,), None, _also_ollamas(known, typed, name, id_))
    if (tagged := _ollamas(known, name, of_ollama)) is not None:
        tag = name.casefold().partition(":")[2] or "latest"
        others = tuple(each for each in _having(known, _words(name) - {"latest"}) if each != tagged)
        taken = NameTaken(typed, (tagged,), "ollama", others) if others or tag == "latest" else None
        return FoundModels((tagged,), None, taken)
    if (served := _apis(known, name)) is not None:
        return FoundModels((served,), None, NameTaken(typed, (served,), "api"))
    rest, quant = split_quant(re.sub(r":latest$", "", name, flags=re.IGNORECASE))
    if rest.casefold() in by_folded:
        id_ = by_folded[rest.casefold()]
        return FoundModels((id_,), quant, _also_ollamas(known, typed, rest, id_))
    found = _by_words(known, typed, rest)
    if found is None and quant is None and (like_quant := _LIKE_QUANT.search(rest)):
        # The model is known, and the quant is what nobody knows: that is to be said.
        found, quant = _by_words(known, typed, rest[: like_quant.start()]), like_quant[1]
    if found is None:
        raise _unknown(known, typed, rest)
    return FoundModels(found.ids, quant, found.taken)


def _without_address(typed: str) -> tuple[str, bool]:
    """A name without what stands before and behind it in an address, and whether it is one of Ollama."""
    name, of_ollama = typed.strip(), False
    if host := _HOSTS.match(name):
        of_ollama = "ollama" in host[1].casefold()
        name = re.split(r"[?#]", name[host.end() :])[0]
        name = re.split(r"/(?:tree|blob|resolve|tags)(?:/|$)", name)[0].strip("/")
    name = name.removeprefix("hf:")
    if name.startswith("models--"):  # a folder of Hugging Face's cache
        name = name.removeprefix("models--").replace("--", "/")
    name = re.sub(r"(-\d{5}-of-\d{5})?[-_. ]gguf$", "", re.sub(r"[()\[\],@]+", " ", name).strip(), flags=re.I)
    name = re.sub(r"(?<=\d)\s+b\b", "b", name, flags=re.IGNORECASE)
    if says := _OLLAMA_SAYS.match(name):
        of_ollama, name = True, name[says.end() :]
    return name.strip(), of_ollama


def _ollamas(known: Mapping[str, Model], name: str, of_ollama: bool) -> str | None:
    """The model that Ollama has under exactly this name; without a tag it is that of `latest`."""
    folded = name.casefold()
    if of_ollama and ":" not in folded:
        folded += ":latest"
    return next((id_ for id_, model in known.items() if folded in map(str.casefold, model.ollama_tags)), None)


def _apis(known: Mapping[str, Model], name: str) -> str | None:
    """The model that its maker's API last served under exactly this name, and under no other model's."""
    folded = name.casefold().removeprefix("deepseek/")
    return next((id_ for id_, model in known.items() if folded in map(str.casefold, model.api_names)), None)


def _also_ollamas(known: Mapping[str, Model], typed: str, name: str, id_: str) -> NameTaken | None:
    """What is to be said where Ollama has another model under what is also this model's name."""
    theirs = _ollamas(known, re.sub(r"[\s_\u2010-\u2015]+", "-", name), of_ollama=True)
    if theirs in (None, id_) or name == id_ or "/" in typed:
        return None
    return NameTaken(typed, (id_,), "itself", (theirs,) if theirs else ())


def _by_words(known: Mapping[str, Model], typed: str, name: str) -> FoundModels | None:
    """The models that have all words of `name`; of several, the one that is called just so."""
    joined = _joined(name)
    spelled = {each: id_ for id_, model in known.items() for each in _spellings(model) if joined == _joined(each)}
    if len(set(spelled.values())) == 1:  # however its words are set apart
        words, corrected = _words(next(iter(spelled))), False
    else:
        words, corrected = _corrected(known, _words(name.rpartition("/")[2]))
    if not _may_be_ours(known, name, words):
        return None
    alike = _having(known, words)
    called = [id_ for id_ in alike if any(_same(words, each) for each in _own(known[id_]))]
    if len(alike) <= 1:
        return FoundModels(alike, None, NameTaken(typed, alike, "near") if corrected else None) if alike else None
    if len(called) != 1:
        return FoundModels(alike, None, NameTaken(typed, alike, "any"))
    id_ = called[0]
    if corrected:
        taken: NameTaken | None = NameTaken(typed, (id_,), "near")
    elif any(_same(words, each) for each in (known[id_].id, known[id_].hf_repo.rpartition("/")[2])):
        taken = _also_ollamas(known, typed, name, id_)
    else:
        taken = NameTaken(typed, (id_,), "usual", tuple(each for each in alike if each != id_))
    return FoundModels((id_,), None, taken)


def _words(name: str) -> frozenset[str]:
    """The words of a name that say something, whatever stands between them."""
    text = re.sub(r"deep[\s_-]?seek", " deepseek ", name.casefold())
    text = _UNDOTTED.sub(r"v\1.\2", text)
    return frozenset(_SAME.get(each, each) for each in _WORD.findall(text)) - _NOISE


def _same(words: frozenset[str], name: str) -> bool:
    """Whether `words` are those of `name`, the maker's aside."""
    return words - {_MAKER} == _words(name) - {_MAKER}


def _own(model: Model) -> Iterator[str]:
    """What the model itself is called."""
    yield from (model.id, model.hf_repo.rpartition("/")[2], *model.aliases)


def _spellings(model: Model) -> Iterator[str]:
    yield from _own(model)
    yield from (each.repo.rpartition("/")[2] for each in model.repositories)


def _vocabulary(model: Model) -> frozenset[str]:
    """The words of all that the model is called, and its maker's."""
    return frozenset(word for each in _spellings(model) for word in _words(each)) | {_MAKER}


def _of_base(model: Model) -> frozenset[str]:
    """The words of the model that it was made of; "3" is said of version 3.1, too."""
    words = _words(model.base_model.rpartition("/")[2])
    return words | {word.partition(".")[0] for word in words if _VERSION.fullmatch(word)}


def _having(known: Mapping[str, Model], words: frozenset[str]) -> tuple[str, ...]:
    """The models that have all of `words`; those that are not recommended only where there is no other.

    A name of R1 may also have words of the model that it was made of. The maker's name alone says nothing, and one of
    R1's successors has at least all words of one of its own names: "v3" alone is none of those that came after it.
    """
    if not words - {_MAKER}:
        return ()
    of_r1 = any(word in _MARKS - {_MAKER} or _DATE.fullmatch(word) for word in words)
    found = [model for model in known.values() if _has(model, words, of_r1=of_r1)]
    return tuple(model.id for model in [each for each in found if each.recommended] or found)


def _has(model: Model, words: frozenset[str], *, of_r1: bool) -> bool:
    """Whether `words` can be of `model`; `of_r1`: one of them is of a name of R1."""
    if model.kind == "successor":
        return words <= _vocabulary(model) and any(_words(each) - {_MAKER} <= words for each in _own(model))
    return words <= (_vocabulary(model) | _of_base(model) if of_r1 else _vocabulary(model))


def _may_be_ours(known: Mapping[str, Model], name: str, words: frozenset[str]) -> bool:
    """Whether a name can be one of R1's family: the models that its distills were made of are called alike.

    What has an owner or a tag is one thing exactly, and so is a version of a base model: there a mark must be.
    """
    if any(word in _MARKS or _DATE.fullmatch(word) for word in words):
        return True
    ours = frozenset(word for model in known.values() for word in _vocabulary(model))
    exactly = "/" in name or ":" in name or any(_VERSION.fullmatch(word) for word in words)
    return not exactly and words <= ours


def _corrected(known: Mapping[str, Model], words: frozenset[str]) -> tuple[frozenset[str], bool]:
    """`words` with "32" as "32b" beside others, and one wrong letter of a name put right; whether one was."""
    every = frozenset(word for model in known.values() for word in _vocabulary(model))
    right, corrected = set(), False
    for word in words:
        near = [each for each in every if _one_letter_apart(word, each)]
        if word in every:
            right.add(word)
        elif f"{word}b" in every and len(words) > 1:
            right.add(f"{word}b")
        elif len(near) == 1 and any(each == "r1" or _SUCCESSION.fullmatch(each) for each in words):
            right.add(near[0])
            corrected = True
        else:
            right.add(word)
    return frozenset(right), corrected


def _one_letter_apart(one: str, other: str) -> bool:
    """Whether a letter more, less, another or two in each other's place makes `other` of `one`."""
    if (
        min(len(one), len(other)) < _LEAST_LETTERS
        or not (one.isalpha() and other.isalpha())
        or one in _NO_TYPING_ERRORS
    ):
        return False
    if len(one) == len(other):
        apart = [place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b]
        swapped = len(apart) == 2 and one[apart[0]] + one[apart[1]] == other[apart[1]] + other[apart[0]]
        return len(apart) == 1 or (swapped and apart[1] == apart[0] + 1)
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) == 1 and any(long[:at] + long[at + 1 :] == short for at in range(len(long)))


def _joined(name: str) -> str:
    """The letters and digits of a name, without its owner, its maker and "GGUF"."""
    plain = re.sub(r"[^a-z0-9.]", "", name.rpartition("/")[2].casefold())
    return re.sub(r"^(deepseek(ai)?)+|gguf$", "", plain)


def _unknown(known: Mapping[str, Model], typed: str, name: str) -> NotFound:
    """The error for a name that means none, with near ones of the family."""
    words = _words(name.rpartition("/")[2])
    near = (_having(known, words) or _of_another_size(known, words) or _of_that_version(known, words))[:3]
    if near:
        return NotFound(f"unknown model '{typed}'.", f"did you mean {', '.join(near)}?", near)
    return NotFound.among("model", typed, known, f"known are {', '.join(known)}")


def _of_that_version(known: Mapping[str, Model], words: frozenset[str]) -> tuple[str, ...]:
    """Successors of the same first number, "v3.1" for "v3", those that share the most words first."""
    numbers = {found[1] for word in words if (found := _SUCCESSION.fullmatch(word))}
    alike = [
        model
        for model in known.values()
        if model.kind == "successor"
        and any((found := _SUCCESSION.fullmatch(word)) and found[1] in numbers for word in _words(model.id))
    ]
    return tuple(model.id for model in sorted(alike, key=lambda each: (-len(words & _vocabulary(each)), len(each.id))))


def _of_another_size(known: Mapping[str, Model], words: frozenset[str]) -> tuple[str, ...]:
    """Models that have all words but that of the size, the nearest size first."""
    sizes = [float(found[1]) for word in words if (found := _SIZE.fullmatch(word))]
    if len(sizes) != 1:
        return ()
    named = frozenset(word for word in words if not _SIZE.fullmatch(word)) - {_MAKER}
    alike = [model for model in known.values() if named <= _vocabulary(model) and model.recommended]
    return tuple(model.id for model in sorted(alike, key=lambda each: abs(each.params / 1e9 - sizes[0])))
