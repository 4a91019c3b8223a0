"""A key is found in the environment, in a keyring or in a file that only its owner reads, in this order."""

from __future__ import annotations

import os
import pickle
import sys
import traceback
from pathlib import Path
from threading import Event
from types import ModuleType

import pytest

from r1plan.ask.candidates import reachable
from r1plan.catalog.load import load_providers
from r1plan.engine import keys
from r1plan.engine.connect import connect
from r1plan.engine.keys import ApiKey, find_key, from_keyring
from r1plan.engine.target import RemoteTarget
from r1plan.errors import ProviderError

DEEPSEEK = load_providers()["deepseek"]
VARIABLE = "DEEPSEEK_API_KEY"


def keys_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "keys.yaml"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return folder


def shown(key: ApiKey | None) -> str | None:
    return key.authorization if key else None


def empty(_provider: str) -> None:
    return None


def test_the_environment_wins_over_the_keyring_and_the_keyring_over_the_file(tmp_path: Path) -> None:
    folder = keys_file(tmp_path, "deepseek: sk-file\ntogether: sk-other\n")
    ring = {"deepseek": "sk-ring"}.get
    assert shown(find_key(DEEPSEEK, {VARIABLE: " sk-env\n"}, folder, ring)) == "Bearer sk-env"
    assert shown(find_key(DEEPSEEK, {VARIABLE: ""}, folder, ring)) == "Bearer sk-ring"
    assert shown(find_key(DEEPSEEK, {}, folder, empty)) == "Bearer sk-file"
    assert find_key(DEEPSEEK, {}, tmp_path / "none", empty) is None
    assert find_key(DEEPSEEK, {}, None, empty) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644, 0o601])
def test_a_file_that_others_may_read_is_refused_with_the_command_that_mends_it(mode: int, tmp_path: Path) -> None:
    folder = keys_file(tmp_path, "deepseek: sk-planted\n", mode)
    with pytest.raises(ProviderError, match=rf"others may read it \(mode {mode:04o}\)") as raised:
        find_key(DEEPSEEK, {}, folder, empty)
    assert raised.value.hint == f"run: chmod 600 {folder / 'keys.yaml'}"
    assert find_key(DEEPSEEK, {VARIABLE: "sk-env"}, folder, empty) is not None


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_a_file_of_its_owner_alone_is_read(mode: int, tmp_path: Path) -> None:
    assert find_key(DEEPSEEK, {}, keys_file(tmp_path, "deepseek: sk-1\n", mode), empty) is not None


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("sk-planted", id="a key alone"),
        pytest.param("- sk-planted", id="a list"),
        pytest.param("deepseek: 123456", id="a number"),
        pytest.param("deepseek: {a: sk-planted}", id="nested"),
        pytest.param("deepseek: sk-planted: x", id="not YAML"),
        pytest.param("deepseek: 'sk-planted", id="an open quote"),
        pytest.param("deepseek: sk-planted\ndeepseek: sk-planted", id="twice"),
        pytest.param("sk-planted: 1\nsk-planted: 2", id="keys for names"),
        pytest.param("deepseek: !!python/object/apply:os.system [sk-planted]", id="a tag"),
        pytest.param("deepseek: !!bool sk-planted", id="a tag that its value does not fit"),
        pytest.param("deepseek: &sk-planted x", id="an anchor"),
        pytest.param("deepseek: *sk-planted", id="an alias"),
        pytest.param("deepseek: sk-planted\0", id="NUL"),
        pytest.param("? [sk-planted]\n: x", id="a list for a name"),
        pytest.param("deepseek: " + "[" * 100_000 + "sk-planted", id="deep"),
        pytest.param("deepseek: sk-planted\n" + "#" * (5 << 20), id="large"),
    ],
)
def test_a_file_that_is_no_list_of_keys_is_refused_without_showing_what_it_holds(text: str, tmp_path: Path) -> None:
    folder = keys_file(tmp_path, text)
    with pytest.raises(ProviderError, match="does not hold one key a line") as raised:
        find_key(DEEPSEEK, {}, folder, empty)
    assert "planted" not in "".join(traceback.format_exception(raised.value)) + str(raised.value.hint)


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = keys_file(tmp_path, "deepseek: sk-planted\n")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)  # who asks is somebody else
    with pytest.raises(ProviderError, match=r"keys\.yaml holds keys, and it belongs to another user"):
        find_key(DEEPSEEK, {}, folder, empty)


def test_a_pipe_or_a_link_to_nothing_in_the_place_of_the_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "keys.yaml", 0o600)
    with pytest.raises(ProviderError, match=r"keys\.yaml is no plain file"):
        find_key(DEEPSEEK, {}, tmp_path, empty)
    (tmp_path / "keys.yaml").unlink()
    (tmp_path / "keys.yaml").symlink_to("nowhere")
    with pytest.raises(ProviderError, match=r"keys\.yaml is a link to a file that is not there"):
        find_key(DEEPSEEK, {}, tmp_path, empty)


@pytest.mark.parametrize("text", ["sk planted", "sk-planted\nHost: evil", "sk-plänted", "sk-planted\x1b[2J"])
@pytest.mark.parametrize("place", ["environment", "keyring", "file"])
def test_what_cannot_be_a_key_is_refused_by_its_place_and_not_shown(text: str, place: str, tmp_path: Path) -> None:
    import json

    environ = {VARIABLE: text} if place == "environment" else {}
    folder = keys_file(tmp_path, f"deepseek: {json.dumps(text)}\n" if place == "file" else "deepseek: sk-1\n")
    with pytest.raises(ProviderError, match="holds characters that no key has") as raised:
        find_key(DEEPSEEK, environ, folder, lambda _provider: text if place == "keyring" else None)
    assert "planted" not in raised.value.message + str(raised.value.hint)
    named = {"environment": VARIABLE, "keyring": "keyring", "file": "keys.yaml"}
    assert named[place] in raised.value.message


@pytest.mark.parametrize(
    "backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring", "no.such.Backend"]
)
def test_a_keyring_that_does_not_work_holds_nothing(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", backend)
    for name in [name for name in sys.modules if name.split(".")[0] == "keyring"]:
        monkeypatch.delitem(sys.modules, name)
    assert from_keyring("deepseek") is None


def test_without_the_keyring_library_nothing_is_found_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert from_keyring("deepseek") is None


def test_a_key_shows_itself_nowhere() -> None:
    key = ApiKey("sk-planted")
    assert "planted" not in f"{key} {key!r} {[key]}"
    with pytest.raises(TypeError):
        pickle.dumps(key)


def test_without_a_key_the_three_ways_to_give_one_are_named(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="no key for DeepSeek") as raised:
        connect(RemoteTarget(DEEPSEEK, "deepseek-flash"), {}, config=tmp_path)
    hint = str(raised.value.hint)
    for way in ("set DEEPSEEK_API_KEY", "keyring set r1plan deepseek", f"{tmp_path / 'keys.yaml'} (chmod 600)"):
        assert way in hint
    assert not raised.value.worth_failing_over


def test_a_server_of_ones_own_needs_no_key_and_gets_one_that_is_there(tmp_path: Path) -> None:
    vllm = RemoteTarget(load_providers()["vllm"], "r1")
    connect(vllm, {}, config=tmp_path).close()
    assert shown(find_key(vllm.provider, {"VLLM_API_KEY": "sk-1"}, tmp_path, empty)) == "Bearer sk-1"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\ufeffsk-planted", "one that cannot be seen, such as a byte order mark"),
        ("sk-pl\u200banted", "one that cannot be seen"),
        ("sk-planted\u00a0x", "holds characters that no key has"),
        ('"sk-planted"', "holds quotes"),
        ("'sk-planted'", "holds quotes"),
        ("sk-planted'", "holds quotes"),
        ("\u201csk-planted\u201d", "holds characters that no key has"),
        ("Bearer sk-planted", "holds characters that no key has"),
        ("DEEPSEEK_API_KEY=sk-planted", "holds the name of a variable"),
        ("sk-one\r\nsk-planted", "holds characters that no key has"),
    ],
)
def test_what_was_copied_with_a_key_is_named_and_the_key_is_not_shown(text: str, told: str) -> None:
    with pytest.raises(ProviderError) as raised:
        find_key(DEEPSEEK, {VARIABLE: text}, None, empty)
    assert told in raised.value.message
    assert "planted" not in raised.value.message + str(raised.value.hint)


@pytest.mark.parametrize("text", ["sk-1\r\n", " sk-1 ", "\tsk-1", "sk-1\n\n"])
def test_blanks_and_line_ends_around_a_key_are_no_part_of_it(text: str) -> None:
    assert shown(find_key(DEEPSEEK, {VARIABLE: text}, None, empty)) == "Bearer sk-1"


@pytest.mark.parametrize("text", ["c2stMQ==", "abc/def+ghi=", "hf_A.b-c~d"])
def test_a_key_may_end_as_base64_does(text: str) -> None:
    assert shown(find_key(DEEPSEEK, {VARIABLE: text}, None, empty)) == f"Bearer {text}"


def test_a_key_under_an_id_that_is_spelt_otherwise_is_named(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="a key of 'DeepSeek', which no provider is called") as raised:
        find_key(DEEPSEEK, {}, keys_file(tmp_path, "DeepSeek: sk-planted\n"), empty)
    assert "planted" not in raised.value.message + str(raised.value.hint)


def keyring_that(does: object, monkeypatch: pytest.MonkeyPatch) -> None:
    ring = ModuleType("keyring")
    ring.get_password = does  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "keyring", ring)


def test_a_keyring_that_never_answers_is_told_and_not_asked_for_every_provider(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked, over = list[str](), Event()

    def hangs(_service: str, provider: str) -> None:
        asked.append(provider)
        over.wait(30)

    keyring_that(hangs, monkeypatch)
    with pytest.raises(ProviderError, match=r"the system's keyring did not answer within 0\.05 s") as raised:
        from_keyring("deepseek", wait_s=0.05)
    assert "in the environment" in str(raised.value.hint)
    monkeypatch.setattr(keys.from_keyring, "__defaults__", (0.05,))
    found, wrong = reachable(load_providers(), with_ring=True)
    over.set()
    assert (found, len(wrong), len(asked)) == ((), 1, 2)


@pytest.mark.parametrize("what", [b"sk-1", 1, ["sk-1"], None])
def test_what_a_keyring_holds_that_is_no_text_is_no_key(what: object, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring_that(lambda *_: what, monkeypatch)
    assert from_keyring("deepseek") is None


@pytest.mark.parametrize("error", [RuntimeError, KeyError, SystemExit, ImportError])
def test_a_keyring_that_raises_anything_holds_nothing(
    error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    def raises(*_: str) -> None:
        raise error("sk-planted")

    keyring_that(raises, monkeypatch)
    assert from_keyring("deepseek") is None
