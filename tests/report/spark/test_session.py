"""Where there is no Spark, no Java, no cluster or no worker, that is said in one sentence, within a bounded time."""

from __future__ import annotations

import sys
from pathlib import Path
from socket import create_server

import pytest

from r1plan.errors import LogError, R1PlanError, UsageError
from r1plan.report.spark.session import open_spark, refuse_unknown
from tests.report.spark.conftest import needs_spark


def refused(master: str) -> R1PlanError:
    with pytest.raises(R1PlanError) as caught, open_spark(master, patience_s=3):
        pytest.fail("it opened")
    return caught.value


@pytest.mark.parametrize("engine", ["duckdb", "local", "local[*]", "local[4]", "spark://a:7077", "spark://a:1,b:2"])
def test_an_engine_is_duckdb_or_where_spark_is(engine: str) -> None:
    refuse_unknown(engine)


@pytest.mark.parametrize("name", ["pyspark", "sqlglot"])
def test_what_is_not_installed_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, name, None)
    error = refused("local[1]")
    assert isinstance(error, UsageError)
    assert (error.message, error.hint) == ("--engine: Spark is not installed.", "pip install 'r1plan[spark]'")


@needs_spark
@pytest.mark.parametrize(
    ("says", "why"),
    [
        (None, "Spark needs Java, and there is none."),
        ("exit 1", "does not run."),
        ("echo 'openjdk version \"11.0.2\" 2019' >&2", "is 11."),
    ],
    ids=["none", "broken", "old"],
)
def test_a_java_that_spark_cannot_use_is_named(
    says: str | None, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if says is not None:
        java = tmp_path / "java"
        java.write_text(f"#!/bin/sh\n{says}\n")
        java.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/nowhere")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    error = refused("local[1]")
    assert error.message.startswith("--engine: Spark needs Java")
    assert error.message.endswith(why)
    assert (error.hint or "").startswith("install Java 17 or 21")


@needs_spark
def test_a_cluster_that_does_not_answer_is_named() -> None:
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    error = refused(f"spark://127.0.0.1:{port}")
    assert isinstance(error, LogError)
    assert error.message == f"no Spark cluster answers at spark://127.0.0.1:{port}."
