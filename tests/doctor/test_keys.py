"""Keys that are there, by what holds them; those that cannot be used, without what they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1plan.catalog.load import load_providers
from r1plan.doctor.keys import Keys, keys

SECRET = "sk-abcdefghij0123456789"


def found(folder: Path, variable: str = "", file: str = "", mode: int = 0o600) -> Keys:
    if file:
        (folder / "keys.yaml").write_text(file)
        (folder / "keys.yaml").chmod(mode)
    providers = [each for each in load_providers().values() if each.id in ("deepseek", "novita", "ollama")]
    return keys(providers, {"DEEPSEEK_API_KEY": variable}, folder)


def test_no_key_is_nothing_broken(tmp_path: Path) -> None:
    assert (found(tmp_path).state, found(tmp_path, variable="  ").state) == ("note", "note")


def test_a_key_is_told_by_what_holds_it(tmp_path: Path) -> None:
    both = found(tmp_path, variable=SECRET, file=f"novita: {SECRET}\ndeepseek: {SECRET}\n")
    assert (both.by_variable, both.in_file, both.state) == ({"deepseek": "DEEPSEEK_API_KEY"}, ("novita",), "ok")
    assert SECRET not in repr(both)


@pytest.mark.parametrize(
    ("variable", "file", "mode", "told"),
    [
        pytest.param(f"'{SECRET}'", "", 0o600, "DEEPSEEK_API_KEY holds quotes", id="quotes"),
        pytest.param(f"DEEPSEEK_API_KEY={SECRET}", "", 0o600, "the name of a variable", id="assignment"),
        pytest.param("", f"deepseek: {SECRET}", 0o644, "others may read it", id="open-to-others"),
        pytest.param("", f"[{SECRET}", 0o600, "does not hold one key a line", id="no-yaml"),
        pytest.param("", f"DeepSeek: {SECRET}", 0o600, "which no provider is called", id="other-spelling"),
    ],
)
def test_a_key_that_cannot_be_used_is_broken_and_not_shown(
    tmp_path: Path, variable: str, file: str, mode: int, told: str
) -> None:
    wrong = found(tmp_path, variable, file, mode)
    assert wrong.state == "broken"
    assert any(told in message and hint for message, hint in wrong.wrong)
    assert SECRET not in repr(wrong)
