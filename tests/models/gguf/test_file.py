"""The header reader: what sound files say, and that no hostile one crashes it or fills the memory."""

from __future__ import annotations

import struct
import tracemalloc
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from r1plan.errors import EngineError
from r1plan.models.gguf.file import layer_of, read_gguf
from r1plan.models.gguf.header import Items
from r1plan.models.gguf.source import LocalFile
from r1plan.tiny import MODEL_PATH
from tests.oracle.gguf_writer import write_header
from tests.plan.catalogue import model

TEXT, ARRAY, UINT32 = 8, 9, 4


def text(value: str | bytes) -> bytes:
    encoded = value.encode() if isinstance(value, str) else value
    return struct.pack("<Q", len(encoded)) + encoded


def key(name: str, kind: int, value: bytes) -> bytes:
    return text(name) + struct.pack("<I", kind) + value


def tensor(name: str = "a", dims: tuple[int, ...] = (32,), type_: int = 0, offset: int = 0) -> bytes:
    return text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, type_, offset)


def header(*parts: bytes, tensors: int = 0, keys: int = 0, version: int = 3, magic: bytes = b"GGUF") -> bytes:
    return magic + struct.pack("<IQQ", version, tensors, keys) + b"".join(parts)


def reading(content: bytes, folder: Path, *, grown_to: int = 0) -> Any:
    path = folder / "some.gguf"
    with path.open("wb") as file:
        file.write(content)
        file.truncate(max(len(content), grown_to))
    return read_gguf(LocalFile(path))


def test_the_shipped_model_is_read_whole() -> None:
    gguf = read_gguf(LocalFile(MODEL_PATH))
    assert gguf.text("general.architecture") == "qwen2"
    assert gguf.whole("qwen2.block_count") == len({layer_of(each.name) for each in gguf.tensors} - {None})
    assert gguf.tensor_bytes + gguf.header_bytes == gguf.file_bytes
    tokens = gguf.metadata["tokenizer.ggml.tokens"]
    assert isinstance(tokens, Items)
    assert tokens.count > 100


def test_every_kind_of_value_is_understood(tmp_path: Path) -> None:
    parts = [
        key("u8", 0, b"\x07"),
        key("i8", 1, b"\xff"),
        key("u16", 2, struct.pack("<H", 65535)),
        key("i16", 3, struct.pack("<h", -2)),
        key("u32", 4, struct.pack("<I", 1 << 31)),
        key("i32", 5, struct.pack("<i", -3)),
        key("f32", 6, struct.pack("<f", 0.5)),
        key("yes", 7, b"\x01"),
        key("text", TEXT, text("grüß")),
        key("numbers", ARRAY, struct.pack("<IQ3I", UINT32, 3, 1, 2, 3)),
        key("texts", ARRAY, struct.pack("<IQ", TEXT, 2) + text("a") + text("bc")),
        key("none", ARRAY, struct.pack("<IQ", UINT32, 0)),
        key("u64", 10, struct.pack("<Q", 1 << 63)),
        key("i64", 11, struct.pack("<q", -4)),
        key("f64", 12, struct.pack("<d", 0.25)),
    ]
    assert reading(header(*parts, keys=len(parts)), tmp_path).metadata == {
        "u8": 7,
        "i8": -1,
        "u16": 65535,
        "i16": -2,
        "u32": 1 << 31,
        "i32": -3,
        "f32": 0.5,
        "yes": True,
        "text": "grüß",
        "numbers": Items(3, (1, 2, 3)),
        "texts": Items(2),
        "none": Items(0),
        "u64": 1 << 63,
        "i64": -4,
        "f64": 0.25,
    }


@pytest.mark.parametrize("version", [2, 3])
def test_versions_two_and_three_are_read(version: int, tmp_path: Path) -> None:
    assert reading(header(version=version), tmp_path).tensors == ()


BAD = {
    "empty": (b"", "some.gguf is empty"),
    "not a GGUF": (b"PK\x03\x04" + bytes(60), "is a zip archive"),
    "version 1": (header(version=1), "a GGUF of version 1, "),
    "version 4": (header(version=4), "a GGUF of version 4, "),
    "big-endian": (b"GGUF" + struct.pack(">IQQ", 3, 0, 0), "big-endian"),
    "ends in the counts": (header()[:20], "cut short"),
    "too many tensors": (header(tensors=1 << 40), "1,099,511,627,776 tensors"),
    "too many keys": (header(keys=16_385), "16,385 keys"),
    "all counts at their largest": (header(tensors=2**64 - 1, keys=2**64 - 1), "tensors"),
    "a key of endless length": (header(struct.pack("<Q", 2**64 - 1), keys=1), "bytes in a key"),
    "a text of endless length": (header(key("a", TEXT, struct.pack("<Q", 2**63)), keys=1), "bytes in a"),
    "a text beyond the end": (header(key("a", TEXT, struct.pack("<Q", 1000)), keys=1), "cut short"),
    "an unknown kind": (header(key("a", 13, b""), keys=1), "unknown kind 13"),
    "an array of endless length": (header(key("a", ARRAY, struct.pack("<IQ", 0, 2**62)), keys=1), "items of 'a'"),
    "an array beyond the end": (header(key("a", ARRAY, struct.pack("<IQ", 12, 100_000)), keys=1), "cut short"),
    "an array of arrays": (header(key("a", ARRAY, struct.pack("<IQ", ARRAY, 1)), keys=1), "unknown kind 9"),
    "an array of endless texts": (
        header(key("a", ARRAY, struct.pack("<IQQ", TEXT, 1, 2**63)), keys=1),
        "bytes in 'a'",
    ),
    "a key that is there twice": (header(*[key("a", 0, b"\x01")] * 2, keys=2), "'a' is there twice"),
    "an odd alignment": (header(key("general.alignment", 4, struct.pack("<I", 33)), keys=1), "got 33"),
    "no alignment": (header(key("general.alignment", 4, struct.pack("<I", 0)), keys=1), "got 0"),
    "a text for an alignment": (header(key("general.alignment", TEXT, text("x")), keys=1), "got 'x'"),
    "a tensor without dimensions": (header(tensor(dims=()), tensors=1), "0 dimensions"),
    "a tensor of five dimensions": (header(tensor(dims=(1,) * 5), tensors=1), "5 dimensions"),
    "a tensor of nothing": (header(tensor(dims=(32, 0)), tensors=1), "impossible size 32x0"),
    "a tensor whose size overflows": (header(tensor(dims=(2**63, 2**63)), tensors=1), "impossible size"),
    "half a block": (header(tensor(dims=(100, 2), type_=12), tensors=1), "no whole blocks of Q4_K"),
    "an unknown type": (header(tensor("blk.0.x", type_=31), tensors=1), "'blk.0.x' is of the type 31"),
    "a type far off": (header(tensor(type_=2**32 - 1), tensors=1), "type 4294967295"),
    "an offset off the alignment": (header(tensor(offset=8), tensors=1), "begins at 8"),
    "an offset beyond the end": (header(tensor(offset=1 << 40), tensors=1), "cut short"),
    "the largest offset": (header(tensor(offset=2**64 - 32), tensors=1), "cut short"),
    "a name of two lines": (header(tensor(name="a\r\nb", offset=1 << 40), tensors=1), "'a\\r\\nb' ends at byte"),
    "weights that are missing": (header(tensor(dims=(1 << 20,)), tensors=1), "cut short"),
    "shards beyond counting": (header(key("split.count", 2, struct.pack("<H", 65535)), keys=1), "split.count"),
    "shards and a name that says none": (header(key("split.count", 2, struct.pack("<H", 2)), keys=1), "one of 2"),
}


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD)
def test_what_cannot_be_meant_is_an_error_that_says_so(content: bytes, said: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError) as caught:
        reading(content, tmp_path)
    assert said in caught.value.message
    assert "some.gguf" in caught.value.message
    assert caught.value.message.isprintable()
    assert caught.value.hint


def test_a_tensor_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match="'a' is there twice"):
        reading(header(tensor(), tensor(), tensors=2), tmp_path, grown_to=4096)


@pytest.mark.parametrize(("short_by", "sound"), [(0, True), (1, False)])
def test_a_file_one_byte_short_is_refused(short_by: int, sound: bool, tmp_path: Path) -> None:
    path = write_header(tmp_path / "model.gguf", model("R1-Distill-Qwen-1.5B"), "Q4_K_M")
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - short_by)
    if sound:
        assert read_gguf(LocalFile(path)).tensors
    else:
        with pytest.raises(EngineError, match="cut short"):
            read_gguf(LocalFile(path))


@pytest.mark.parametrize("content", [each for each, _ in BAD.values()], ids=BAD)
def test_a_hostile_header_of_a_terabyte_takes_no_memory(content: bytes, tmp_path: Path) -> None:
    tracemalloc.start()
    try:
        with suppress(EngineError):
            reading(content, tmp_path, grown_to=1 << 40)
    finally:
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 40 << 20


def test_an_endless_header_is_given_up(tmp_path: Path) -> None:
    # Six arrays of 32 MB each, in holes of the file.
    names = [key(f"k{n}", ARRAY, struct.pack("<IQ", 12, 4_000_000)) for n in range(6)]
    path = tmp_path / "long.gguf"
    with path.open("wb") as file:
        file.write(header(keys=6))
        for name in names:
            file.write(name)
            file.seek(32_000_000, 1)
        file.truncate(1 << 40)
    with pytest.raises(EngineError, match="longer than 64 MiB"):
        read_gguf(LocalFile(path))


@pytest.mark.parametrize("given", [0, 2, 4])
def test_shards_are_one_model_whichever_of_them_is_given(given: int, tmp_path: Path) -> None:
    whole = read_gguf(LocalFile(write_header(tmp_path / "w.gguf", model("DeepSeek-R1"), "Q4_K_M")))
    write_header(tmp_path / "r1.gguf", model("DeepSeek-R1"), "Q4_K_M", splits=5)
    joined = read_gguf(LocalFile(tmp_path / f"r1-{given + 1:05d}-of-00005.gguf"))
    assert joined.shards == 5
    assert joined.tensors == whole.tensors
    assert joined.text("general.name") == "DeepSeek-R1"


def test_a_missing_shard_is_named(tmp_path: Path) -> None:
    first = write_header(tmp_path / "r1.gguf", model("DeepSeek-R1"), "Q4_K_M", splits=3)
    (tmp_path / "r1-00002-of-00003.gguf").unlink()
    with pytest.raises(EngineError, match=r"r1-00002-of-00003\.gguf is not there"):
        read_gguf(LocalFile(first))


def test_a_shard_under_anothers_name_is_found_out(tmp_path: Path) -> None:
    first = write_header(tmp_path / "r1.gguf", model("DeepSeek-R1"), "Q4_K_M", splits=3)
    (tmp_path / "r1-00003-of-00003.gguf").replace(tmp_path / "r1-00002-of-00003.gguf")
    with pytest.raises(EngineError, match=r"00002-of-00003\.gguf says it is shard 3 of 3"):
        read_gguf(LocalFile(first))


@pytest.mark.parametrize(("what", "said"), [("folder", "is a folder"), ("nothing", "is not there")])
def test_what_is_no_file_is_said(what: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "x.gguf"
    if what == "folder":
        path.mkdir()
    with pytest.raises(EngineError, match=said):
        LocalFile(path)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_header_does_more_than_raise(data: st.DataObject, tmp_path: Path) -> None:
    sound = MODEL_PATH.read_bytes()[:2000]
    content = bytearray(sound[: data.draw(st.integers(0, len(sound)))])
    for _ in range(data.draw(st.integers(0, 6))):
        if content:
            at = data.draw(st.integers(0, len(content) - 1))
            content[at : at + 8] = data.draw(st.binary(min_size=0, max_size=8))
    grown = data.draw(st.sampled_from([0, 1 << 20, 1 << 36]))
    with suppress(EngineError):
        reading(bytes(content), tmp_path, grown_to=grown)


@pytest.mark.parametrize(
    ("name", "layer"),
    [("blk.0.x.weight", 0), ("blk.60.x", 60), ("token_embd.weight", None), ("blk.-1.x", None), ("blk.1e3.x", None),
     ("blk.999999999.x", None), ("blk.٣.x", None), ("blk", None), ("blk.", None), ("blk.5", None)],
)  # fmt: skip
def test_the_layer_stands_in_the_name(name: str, layer: int | None) -> None:
    assert layer_of(name) == layer
