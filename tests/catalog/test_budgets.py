"""`budgets.yaml`: amounts to the digit, names that mean something, and a file that is there is never nothing."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path

import pytest

from r1plan.catalog.budgets import Budgets, load_budgets
from r1plan.errors import CatalogError


def written(folder: Path, text: str) -> Path:
    (folder / "budgets.yaml").write_text(text, encoding="utf-8")
    return folder


def test_without_a_file_there_are_no_budgets(tmp_path: Path) -> None:
    assert load_budgets(tmp_path) is None
    assert load_budgets(tmp_path / "nowhere") is None


def test_the_limits_are_read_to_the_digit(tmp_path: Path) -> None:
    text = 'monthly_usd: "20.50"\nproviders:\n  deepseek: 10\nprojects:\n  search: "0.10"\n'
    assert load_budgets(written(tmp_path, text)) == Budgets(
        monthly_usd=Decimal("20.50"), providers={"deepseek": Decimal(10)}, projects={"search": Decimal("0.10")}
    )


@pytest.mark.parametrize(
    ("text", "budgets"),
    [
        pytest.param("monthly_usd: 0", Budgets(monthly_usd=Decimal(0)), id="nothing may be spent"),
        pytest.param(
            'providers: {DeepSeek: "1"}', Budgets(providers={"deepseek": Decimal(1)}), id="letters of any case"
        ),
        pytest.param('providers: {local: "1"}', Budgets(providers={"local": Decimal(1)}), id="what answers here"),
        pytest.param(
            'providers: {"127.0.0.1:8080": 1}', Budgets(providers={"127.0.0.1:8080": Decimal(1)}), id="a server"
        ),
        pytest.param('\ufeffmonthly_usd: "1"', Budgets(monthly_usd=Decimal(1)), id="a byte order mark"),
        pytest.param('monthly_usd: "1"\r\n', Budgets(monthly_usd=Decimal(1)), id="lines of another system"),
        pytest.param(
            'monthly_usd: "1"\nproviders: {}', Budgets(monthly_usd=Decimal(1)), id="no provider beside a limit"
        ),
    ],
)
def test_what_a_person_may_write_is_kept(text: str, budgets: Budgets, tmp_path: Path) -> None:
    assert load_budgets(written(tmp_path, text)) == budgets


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(
            "monthly_usd: 20.5", r"budgets.yaml: monthly_usd: expected an amount in quotes, '20.5'", id="float"
        ),
        pytest.param('monthly_usd: "ten"', r"monthly_usd: expected an amount of 0 or more.*got 'ten'", id="text"),
        pytest.param("monthly_usd: true", r"monthly_usd: expected an amount", id="true"),
        pytest.param('monthly_usd: "NaN"', r"monthly_usd: expected an amount", id="not a number"),
        pytest.param('monthly_usd: "Infinity"', r"monthly_usd: expected an amount", id="no end"),
        pytest.param("monthly_usd:", r"monthly_usd: expected an amount of 0 or more.*got nothing", id="null"),
        pytest.param("monthly_usd: ~", r"monthly_usd: expected an amount.*got nothing", id="null by its sign"),
        pytest.param('monthly_usd: ""', r"monthly_usd: expected an amount", id="an empty text"),
        pytest.param("monthly_usd: [5]", r"monthly_usd: expected an amount", id="a list"),
        pytest.param(
            "providers:\n  deepseek: -1", r"providers.deepseek: expected an amount of 0 or more", id="negative"
        ),
        pytest.param("providers:\n  deepseek:", r"providers.deepseek: expected an amount.*nothing", id="null of one"),
        pytest.param("providers:", r"providers: expected a mapping.*got nothing", id="no providers"),
        pytest.param("projects: [a]", r"projects: expected a mapping", id="a list of projects"),
        pytest.param("montly_usd: 5", r"unknown field 'montly_usd', did you mean monthly_usd", id="misspelt"),
        pytest.param("Monthly_usd: 5", r"unknown field 'Monthly_usd', did you mean monthly_usd", id="a capital"),
        pytest.param("monthly_usd: 5\nmonthly_usd: 50", r"'monthly_usd' is said twice", id="twice"),
        pytest.param("providers: {deepsek: 1}", r"unknown provider 'deepsek', did you mean deepseek", id="near"),
        pytest.param("providers: {'deepseek ': 1}", r"unknown provider 'deepseek ', did you mean deepseek", id="blank"),
        pytest.param("providers: {qqqqqqqq: 1}", r"unknown provider 'qqqqqqqq', known are .*local", id="unknown"),
        pytest.param(
            "providers: {deepseek: 1, DeepSeek: 9}",
            r"providers: 'deepseek' and 'DeepSeek' are the same",
            id="two cases",
        ),
        pytest.param("projects: {a: 1, 'A ': 9}", r"projects: 'a' and 'A ' are the same", id="two spellings"),
        pytest.param("projects: {'  ': 1}", r"projects: ' ' is no name", id="a blank name"),
        pytest.param("", r"budgets.yaml: the file is empty", id="empty"),
        pytest.param("# monthly_usd: 5", r"budgets.yaml: the file is empty", id="a comment"),
        pytest.param("{}", r"budgets.yaml: it sets no limit", id="an empty mapping"),
        pytest.param("projects: {}", r"budgets.yaml: it sets no limit", id="only an empty group"),
        pytest.param("5", r"budgets.yaml: expected a mapping of fields", id="an amount alone"),
        pytest.param("monthly_usd: [", r"budgets.yaml: line 1", id="not YAML"),
        pytest.param("monthly_usd: &a 5", r"budgets.yaml: line 1", id="an anchor"),
    ],
)
def test_a_wrong_file_is_one_sentence_and_a_place(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=message) as raised:
        load_budgets(written(tmp_path, text))
    assert raised.value.hint
    assert "budgets.yaml" in raised.value.hint


@pytest.mark.parametrize(
    "name", ["budgets.yml", "budget.yaml", "Budgets.yaml", "budgets.yaml.txt", "budgets", "budgets.json", "BUDGETS.YML"]
)
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside the right one"])
def test_a_file_that_is_only_named_like_it_is_told(name: str, beside: bool, tmp_path: Path) -> None:
    if beside:
        written(tmp_path, "monthly_usd: 5")
    (tmp_path / name).write_text("monthly_usd: 1")
    with pytest.raises(CatalogError, match=r"budgets stand in budgets\.yaml") as raised:
        load_budgets(tmp_path)
    assert name in raised.value.message
    assert raised.value.hint


@pytest.mark.parametrize("name", ["budgets.yaml~", ".budgets.yaml.swp", "budgets.yaml.bak", "my-budget.yaml"])
def test_copies_that_an_editor_leaves_are_nothing(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_text("monthly_usd: 1")
    assert load_budgets(tmp_path) is None


def no_file(path: Path) -> None:
    path.symlink_to(path.parent / "gone")


def loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(no_file, "a link to a file that is not there", id="a link to nothing"),
        pytest.param(loop, "too many levels of symbolic links", id="a link to itself"),
        pytest.param(Path.mkdir, "is a directory", id="a directory"),
        pytest.param(os.mkfifo, "is a named pipe", id="a pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "is a device", id="a device"),
        pytest.param(lambda path: path.write_bytes(b"monthly_usd: \xff"), "is not UTF-8", id="bytes"),
        pytest.param(lambda path: path.write_bytes(b"monthly_usd: 5\n" + b"#" * (5 << 20)), "larger than", id="huge"),
    ],
)
def test_what_is_there_and_is_no_file_is_an_error(make: object, message: str, tmp_path: Path) -> None:
    make(tmp_path / "budgets.yaml")  # type: ignore[operator]
    with pytest.raises(CatalogError, match=message) as raised:
        load_budgets(tmp_path)
    assert raised.value.hint


def test_a_config_folder_that_cannot_be_looked_into_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    with pytest.raises(CatalogError, match="a link to a folder that is not there"):
        load_budgets(tmp_path / "link")
    (tmp_path / "file").write_text("")
    with pytest.raises(CatalogError, match="not a directory"):
        load_budgets(tmp_path / "file")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    (written(tmp_path, "monthly_usd: 5") / "budgets.yaml").chmod(0)
    with pytest.raises(CatalogError, match="permission denied"):
        load_budgets(tmp_path)
