"""A file that is no model in GGUF is called what it is, in one sentence, with what to do."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from r1plan.errors import EngineError
from r1plan.models.gguf.file import read_gguf
from r1plan.models.gguf.foreign import check_first_bytes
from r1plan.models.gguf.source import LocalFile
from tests.oracle.gguf_writer import write_header
from tests.plan.catalogue import model


def packed_zip(*names: str) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w") as archive:
        for name in names:
            archive.writestr(name, "x")
    return into.getvalue()


def packed_tar() -> bytes:
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("model.gguf"), io.BytesIO(b""))
    return into.getvalue()


POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 19851335872\n"
PAGE = b"<!DOCTYPE html>\n<html><head><title>Log in - Hugging Face</title></head></html>"
SAFETENSORS = struct.pack("<Q", 120) + b'{"__metadata__":{"format":"pt"}}' + bytes(200)

FOREIGN = {
    "empty": (b"", "is empty"),
    "zeros": (bytes(8192), "begins with zeros"),
    "git lfs": (POINTER, "is a Git LFS pointer to a file of 19.9 GB, not the file"),
    "git lfs in crlf": (POINTER.replace(b"\n", b"\r\n"), "is a Git LFS pointer to a file"),
    "git-annex": (b"/annex/objects/SHA256E-s4\n", "is a git-annex pointer"),
    "a web page": (PAGE, "is a web page ('Log in - Hugging Face'), not a model"),
    "a web page with a mark": (b"\xef\xbb\xbf\n" + PAGE.lower(), "is a web page"),
    "a page without a title": (b"<html><body>404</body></html>", "is a web page, not a model"),
    "xml": (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "is an answer in XML"),
    "json with an error": (b'{"error":"Repository not found"}', "is JSON that says 'Repository not found'"),
    "json": (b'{"architectures": ["Qwen2ForCausalLM"]}', "is JSON, not a model"),
    "json cut short": (b'{"error": "x', "is JSON, not a model"),
    "text": ("Entry not found ☹".encode(), "is text, which begins 'Entry not found ☹'"),
    "long text": (b"words " * 2000, "is text, which begins 'words words"),
    "safetensors": (SAFETENSORS, "holds safetensors"),
    "pytorch": (packed_zip("pytorch_model/data.pkl", "pytorch_model/version"), "is a checkpoint of PyTorch"),
    "pickle": (b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19." + bytes(40), "is a checkpoint of PyTorch"),
    "zip": (packed_zip("model.gguf"), "is a zip archive"),
    "gzip": (gzip.compress(b"GGUF"), "is packed with gzip"),
    "tar": (packed_tar(), "is a tar archive"),
    "zstd": (b"\x28\xb5\x2f\xfd" + bytes(20), "is packed with zstd"),
    "ggml": (b"tjgg" + bytes(60), "is in the GGML format"),
    "an old importance matrix": (
        struct.pack("<ii", 224, 22) + b"blk.0.attn_q.weight.xx" + bytes(20),
        "is an importance matrix",
    ),
    "a pdf": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3", "is a PDF"),
    "something": (b"\x01\x02\x03\x04" * 40, "does not begin with 'GGUF'"),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0) + bytes(60), "is a big-endian GGUF"),
    "version 1": (b"GGUF" + struct.pack("<III", 1, 0, 0) + bytes(60), "is a GGUF of version 1"),
    "a newer version": (b"GGUF" + struct.pack("<IQQ", 4, 0, 0) + bytes(60), "is a GGUF of version 4"),
}


@pytest.mark.parametrize(("content", "what"), FOREIGN.values(), ids=FOREIGN)
def test_a_file_is_called_what_it_is(content: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(EngineError) as caught:
        read_gguf(LocalFile(path))
    assert caught.value.message.startswith(f"model.gguf {what}")
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert caught.value.hint


def test_a_terminals_letters_do_not_come_through() -> None:
    with pytest.raises(EngineError) as caught:
        check_first_bytes("x", 40, b"<html><title>\x1b[2J\x07boo</title>")
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("ending", ["part", "incomplete", "crdownload", "PARTIAL", "aria2", "gguf.downloading"])
def test_an_unfinished_download_is_told_by_its_name(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"x.gguf.{ending}"
    path.write_bytes(b"GGUF" + bytes(40))
    with pytest.raises(EngineError, match="is a download that has not ended"):
        read_gguf(LocalFile(path))


def gguf_of(metadata: dict[str, str | int]) -> bytes:
    """A sound GGUF of version 3 that holds no tensors."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value.encode())) + value.encode()

    def one(value: str | int) -> bytes:
        return struct.pack("<I", 8) + text(value) if isinstance(value, str) else struct.pack("<II", 4, value)

    held = b"".join(text(key) + one(value) for key, value in metadata.items())
    return b"GGUF" + struct.pack("<IQQ", 3, 0, len(metadata)) + held


@pytest.mark.parametrize(
    ("metadata", "what"),
    [
        (
            {"general.type": "adapter", "general.base_model.0.name": "DeepSeek R1 Distill Qwen 7B"},
            "is a LoRA adapter for 'DeepSeek R1 Distill Qwen 7B', and no model",
        ),
        ({"general.architecture": "llama", "adapter.type": "lora"}, "is a LoRA adapter, and no model"),
        ({"general.type": "imatrix", "imatrix.chunk_count": 100}, "is an importance matrix"),
        ({"general.type": "mmproj"}, "is a projector for pictures (mmproj), and no model"),
        ({"general.architecture": "clip"}, "is a projector for pictures (mmproj), and no model"),
        ({"general.architecture": "qwen2", "tokenizer.ggml.model": "gpt2"}, "holds a vocabulary and no weights"),
        ({"general.architecture": "controlvector"}, "is a control vector, and no model"),
    ],
    ids=["lora", "old lora", "imatrix", "mmproj", "clip", "vocabulary", "control vector"],
)
def test_a_gguf_that_is_no_model_says_what_it_is(metadata: dict[str, str | int], what: str, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    path.write_bytes(gguf_of(metadata))
    with pytest.raises(EngineError) as caught:
        read_gguf(LocalFile(path))
    assert caught.value.message.startswith(f"x.gguf {what}")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("given", "gone", "said"),
    [
        (2, {1}, "m-00001-of-00003.gguf is not there, one of 3 shards."),
        (2, {3}, "m-00003-of-00003.gguf is not there, one of 3 shards."),
        (1, {2}, "m-00002-of-00003.gguf is not there, one of 3 shards."),
        (1, {2, 3}, "m-00002-of-00003.gguf is not there, nor m-00003-of-00003.gguf, of 3 shards."),
        (3, {1, 2}, "m-00001-of-00003.gguf is not there, nor m-00002-of-00003.gguf, of 3 shards."),
    ],
)
def test_a_missing_shard_is_called_by_its_own_name(given: int, gone: set[int], said: str, tmp_path: Path) -> None:
    write_header(tmp_path / "m.gguf", model("R1-Distill-Qwen-1.5B"), "Q8_0", splits=3)
    for number in gone:
        (tmp_path / f"m-0000{number}-of-00003.gguf").unlink()
    with pytest.raises(EngineError) as caught:
        read_gguf(LocalFile(tmp_path / f"m-0000{given}-of-00003.gguf"))
    assert caught.value.message == said
    assert "download" in (caught.value.hint or "")


def test_a_folder_names_the_models_in_it(tmp_path: Path) -> None:
    write_header(tmp_path / "m.gguf", model("R1-Distill-Qwen-1.5B"), "Q8_0", splits=2)
    (tmp_path / "one.gguf").write_bytes(b"")
    with pytest.raises(EngineError, match="is a folder") as caught:
        LocalFile(tmp_path)
    assert caught.value.hint == "name a file in it: m-00001-of-00002.gguf, one.gguf"


@pytest.mark.parametrize(("name", "what"), [("x.txt", "no .gguf"), ("m.safetensors", "a checkpoint of safetensors")])
def test_a_folder_without_models_says_what_it_holds(name: str, what: str, tmp_path: Path) -> None:
    (tmp_path / name).touch()
    with pytest.raises(EngineError, match=f"is a folder that holds {what}"):
        LocalFile(tmp_path)


def test_a_file_that_is_not_there_is_told_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf").touch()
    with pytest.raises(EngineError, match="is not there") as caught:
        LocalFile(tmp_path / "DeepSeek-R1-Distil-Qwen-7B-Q4_K_M.gguf")
    assert caught.value.hint == f"did you mean {tmp_path / 'DeepSeek-R1-Distill-Qwen-7B-Q4_K_M.gguf'}?"
