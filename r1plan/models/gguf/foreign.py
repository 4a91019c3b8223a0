"""What a file is that is no model in GGUF: by its first bytes, or by what its header says of itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from r1plan.errors import EngineError

FIRST_BYTES = 4096
"""How much of a file's beginning tells what it is."""

_AGAIN = "download it again"
_CONVERT = "choose a GGUF of the model, or make one with convert_hf_to_gguf.py"
_RAW = "download the file itself, from its repository's page of files"
_UNFINISHED: tuple[str, ...] = (".incomplete", ".part", ".partial", ".crdownload", ".download", ".downloading")
_UNFINISHED += (".downloadinprogress", ".aria2", ".tmp", ".!qb")
_SIZE = re.compile(rb"^size (\d{1,20})$", re.MULTILINE)
_MOST_SHOWN = 60


class NotAModel(EngineError):
    """A file that is something else than a model in GGUF, or a part of one."""


class MissingShards(NotAModel):
    """A model of which shards are not there."""


class ForeignFile(NamedTuple):
    """What a file is, as the end of a sentence that begins with its name; and what to do."""

    what: str
    hint: str


_GGML = ForeignFile("is in the GGML format that GGUF replaced in 2023", "choose a GGUF of the model")
# What other kinds of file begin with: weights in another format first, then packed files.
_MAGIC: tuple[tuple[bytes, ForeignFile], ...] = (
    (b"lmgg", _GGML),
    (b"fmgg", _GGML),
    (b"tjgg", _GGML),
    (b"algg", _GGML),
    (b"\x1f\x8b", ForeignFile("is packed with gzip", "unpack it first: gunzip FILE")),
    (b"BZh", ForeignFile("is packed with bzip2", "unpack it first: bunzip2 FILE")),
    (b"\xfd7zXZ\0", ForeignFile("is packed with xz", "unpack it first: unxz FILE")),
    (b"\x28\xb5\x2f\xfd", ForeignFile("is packed with zstd", "unpack it first: unzstd FILE")),
    (b"7z\xbc\xaf\x27\x1c", ForeignFile("is a 7z archive", "unpack it, and name the .gguf in it")),
    (b"Rar!", ForeignFile("is a RAR archive", "unpack it, and name the .gguf in it")),
    (b"%PDF", ForeignFile("is a PDF", "name a .gguf file")),
    (b"\x89PNG", ForeignFile("is a picture", "name a .gguf file")),
    (b"\xff\xd8\xff", ForeignFile("is a picture", "name a .gguf file")),
    (b"\x7fELF", ForeignFile("is a program", "name a .gguf file")),
    (b"MZ", ForeignFile("is a program of Windows", "name a .gguf file")),
    (b"\x89HDF", ForeignFile("is an HDF5 file, such as Keras writes", "choose a GGUF of the model")),
)
_PYTORCH = ForeignFile("is a checkpoint of PyTorch", _CONVERT)
_SAFETENSORS = ForeignFile(
    "holds safetensors, the weights of a checkpoint", f"{_CONVERT}; --engine vllm plans for checkpoints"
)
_IMATRIX = ForeignFile("is an importance matrix, from which quants are made, and no model", "name the model's file")


def check_first_bytes(name: str, size_bytes: int, first: bytes) -> None:
    """Raise NotAModel where a file of these `first` bytes cannot be a GGUF, saying what it is instead."""
    found = _unfinished(name, size_bytes) or (None if first[:4] == b"GGUF" else _by_first_bytes(first))
    if found is not None:
        raise NotAModel(f"{name} {found.what}.", found.hint)


def check_version(name: str, version: int) -> None:
    """Raise NotAModel for a version of GGUF that is not read."""
    if version in (2, 3):
        return
    if int.from_bytes(version.to_bytes(4, "little"), "big") in (1, 2, 3):
        raise NotAModel(
            f"{name} is a big-endian GGUF, for machines such as IBM's Z.",
            "choose a file without 'be' or 'big-endian' in its name, or turn it with gguf-py: gguf-convert-endian FILE "
            "little",
        )
    if version == 1:
        raise NotAModel(f"{name} is a GGUF of version 1, which only files of 2023 have.", "choose a newer file")
    raise NotAModel(
        f"{name} is a GGUF of version {version}, and 2 and 3 are known.",
        f"{_AGAIN}: it is damaged, or newer than r1plan",
    )


def check_is_model(name: str, metadata: Mapping[str, object], tensors: int) -> None:
    """Raise NotAModel for a GGUF that holds something else than a language model, saying what."""
    found = _by_metadata(metadata, tensors)
    if found is not None:
        raise NotAModel(f"{name} {found.what}.", found.hint)


def _by_metadata(metadata: Mapping[str, object], tensors: int) -> ForeignFile | None:
    kind, architecture = metadata.get("general.type"), metadata.get("general.architecture")
    if kind == "adapter" or "adapter.type" in metadata:
        base = metadata.get("general.base_model.0.name")
        whose = f" for {_shown(base)}" if isinstance(base, str) and base else ""
        return ForeignFile(f"is a LoRA adapter{whose}, and no model", "name the file of the model that it adapts")
    if kind == "imatrix" or "imatrix.chunk_count" in metadata:
        return _IMATRIX
    if kind == "mmproj" or architecture == "clip":
        return ForeignFile("is a projector for pictures (mmproj), and no model", "name the file of the language model")
    if kind == "cvector" or architecture == "controlvector":
        return ForeignFile("is a control vector, and no model", "name the model's own file")
    if not tensors and "split.count" not in metadata and any(key.startswith("tokenizer.") for key in metadata):
        return ForeignFile("holds a vocabulary and no weights", "name the model's own file")
    return None


def _unfinished(name: str, size_bytes: int) -> ForeignFile | None:
    if not size_bytes:
        return ForeignFile("is empty", _AGAIN)
    if name.casefold().endswith(_UNFINISHED):
        return ForeignFile("is a download that has not ended", "let it end, or begin it again")
    return None


def _by_first_bytes(first: bytes) -> ForeignFile:
    for magic, found in _MAGIC:
        if first.startswith(magic):
            return found
    if not first.strip(b"\0"):
        return ForeignFile("begins with zeros: room for a download that has not come", _AGAIN)
    if first.startswith(b"PK\x03\x04"):
        packed = ForeignFile("is a zip archive", "unpack it, and name the .gguf in it")
        return _PYTORCH if b"data.pkl" in first or b"archive/" in first or b"/version" in first else packed
    if first[:1] == b"\x80" and first[1:2] in b"\x02\x03\x04\x05":  # what torch.save wrote before it packed
        return _PYTORCH
    if first[257:262] == b"ustar":
        return ForeignFile("is a tar archive", "unpack it, and name the .gguf in it")
    if first[8:9] == b"{" and int.from_bytes(first[:8], "little") < 1 << 32:
        return _SAFETENSORS
    if b"blk." in first[8:64]:  # llama-imatrix wrote tensors' names behind two numbers before it wrote GGUF
        return _IMATRIX
    return _by_text(first) or ForeignFile("does not begin with 'GGUF': it is no GGUF", "give a .gguf file")


def _by_text(first: bytes) -> ForeignFile | None:
    text = first.removeprefix(b"\xef\xbb\xbf").strip()
    folded = text[:1024].lower()
    if text.startswith(b"version https://git-lfs"):
        size = _SIZE.search(text)
        whole = f" of {int(size[1]) / 1e9:,.1f} GB" if size else ""
        what = f"is a Git LFS pointer to a file{whole}, not the file"
        return ForeignFile(what, f"git lfs pull fetches it, or {_RAW}")
    if b"/annex/objects/" in text[:512]:
        return ForeignFile("is a git-annex pointer, not the file", "git annex get FILE fetches it")
    if folded.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in folded[:512]:
        return ForeignFile(f"is a web page{_title(text)}, not a model", _RAW)
    if folded.startswith(b"<?xml"):
        return ForeignFile("is an answer in XML, such as a store sends for an error", _RAW)
    if text[:1] in (b"{", b"["):
        return ForeignFile(f"is JSON{_error_in(text)}, not a model", _RAW)
    try:
        shown = text.decode("utf-8", "strict" if len(first) < FIRST_BYTES else "ignore")
    except UnicodeDecodeError:
        return None
    if not shown or not all(letter.isprintable() or letter in "\n\r\t" for letter in shown):
        return None
    return ForeignFile(f"is text, which begins {_shown(shown)}, not a model", _RAW)


def _title(page: bytes) -> str:
    found = re.search(rb"<title[^>]*>([^<]{1,200})", page, re.IGNORECASE)
    return f" ({_shown(found[1].decode('utf-8', 'replace'))})" if found else ""


def _error_in(text: bytes) -> str:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    error = said.get("error") or said.get("message") if isinstance(said, dict) else None
    return f" that says {_shown(error)}" if isinstance(error, str) else ""


def _shown(text: str) -> str:
    plain = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return repr(plain if len(plain) <= _MOST_SHOWN else f"{plain[: _MOST_SHOWN - 3]}...")
