"""A session on a Spark cluster, which ends with the report. Nothing that Spark says reaches the terminal."""

from __future__ import annotations

import logging
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from r1plan.errors import LogError, UsageError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection
    from pyspark.sql import SparkSession

    from r1plan.report.spark.database import SparkDatabase

_OLDEST_JAVA = 17
_CONNECT_S, _WORKERS_S, _CLOSE_S = 5.0, 120.0, 20.0
_LOCAL = re.compile(r"local(\[(\*|[0-9]+)\])?")
_CLUSTER = re.compile(r"spark://([^\s/,]+:[0-9]+)(,[^\s/,]+:[0-9]+)*")
# Exactness: a product of decimals keeps all its digits, and what does not fit is an error and never rounded or NULL.
_EXACT = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.decimalOperations.allowPrecisionLoss": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.caseSensitive": "true",
    "spark.sql.legacy.timeParserPolicy": "CORRECTED",
}
_QUIET = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.log.level": "ERROR"}


@contextmanager
def open_spark_database(here: DuckDBPyConnection, master: str) -> Iterator[SparkDatabase]:
    """`here` and a session at `master` as one database. Raises what `open_spark` does."""
    with open_spark(master) as session:
        from r1plan.report.spark.database import SparkDatabase

        yield SparkDatabase(here, session)


def refuse_unknown(engine: str) -> None:
    """Raise UsageError where `engine` is neither "duckdb" nor the address of a Spark cluster."""
    if engine != "duckdb" and not _LOCAL.fullmatch(engine) and not _CLUSTER.fullmatch(engine):
        raise UsageError(
            f"--engine: '{engine}' is no engine.",
            "give duckdb, spark://HOST:PORT, or local[*] for Spark on this machine",
        )


@contextmanager
def open_spark(master: str, patience_s: float = _WORKERS_S) -> Iterator[SparkSession]:
    """A session at `master`, "spark://HOST:PORT" or "local[*]".

    Raises UsageError where Spark or Java is not installed, LogError where the cluster does not answer or has no room,
    within about `patience_s`, and for what Spark cannot do within the `with`.
    """
    _check_installed()
    host = None if _LOCAL.fullmatch(master) else _own_address(master)
    with TemporaryDirectory(prefix="r1plan-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "spark.log"
        with log.open("wb") as said:
            session = _started(master, host, folder, said, log)
        try:
            if host is not None:
                _wait_for_workers(session, master, patience_s)
            yield session
        except Exception as error:
            if (problem := _problem(error)) is None:
                raise
            raise LogError(
                f"Spark at {master} could not make the report: {problem}.",
                "every worker must see the logs at the same path, and have room for them",
            ) from error
        finally:
            _stop(session)


def _check_installed() -> None:
    try:
        import pyspark  # noqa: F401
        import sqlglot  # noqa: F401
    except ImportError:
        raise UsageError("--engine: Spark is not installed.", "pip install 'r1plan[spark]'") from None
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    need = f"install Java {_OLDEST_JAVA} or 21, and have java on the PATH or in JAVA_HOME"
    if java is None:
        raise UsageError("--engine: Spark needs Java, and there is none.", need)
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=60, check=True).stderr
    except (OSError, subprocess.SubprocessError):
        raise UsageError(f"--engine: Spark needs Java, and {java} does not run.", need) from None
    if (found := re.search(r'version "([0-9]+)', said)) and int(found[1]) < _OLDEST_JAVA:
        raise UsageError(f"--engine: Spark needs Java {_OLDEST_JAVA} or newer, and {java} is {found[1]}.", need)


def _own_address(master: str) -> str:
    """Under which address the cluster at `master` sees this machine."""
    for place in master.removeprefix("spark://").split(","):
        host, _, port = place.rpartition(":")
        with suppress(OSError), socket.create_connection((host.strip("[]"), int(port)), timeout=_CONNECT_S) as reached:
            return str(reached.getsockname()[0])
    raise LogError(f"no Spark cluster answers at {master}.", "start one, or leave --engine out")


def _started(master: str, host: str | None, folder: str, said: BinaryIO, log: Path) -> SparkSession:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway
    from pyspark.sql import SparkSession

    settings = {
        **_EXACT,
        **_QUIET,
        "spark.master": master,
        "spark.app.name": "r1plan cost-report",
        "spark.sql.warehouse.dir": folder,
    }
    if host is not None:
        settings["spark.driver.host"] = host
    elif "SPARK_LOCAL_IP" not in os.environ:
        settings |= {"spark.driver.host": "localhost", "spark.driver.bindAddress": "127.0.0.1"}
    # It would write each problem to stderr, beside raising it.
    logging.getLogger("SQLQueryContextLogger").disabled = True
    conf = SparkConf(loadDefaults=False).setAll(list(settings.items()))
    gateway: Any = None
    try:
        gateway = launch_gateway(conf, {"stdout": said, "stderr": said})
        return SparkSession(SparkContext(gateway=gateway, conf=conf))
    except Exception as error:
        if gateway is not None:
            _close(gateway)
        raise LogError(
            f"Spark at {master} does not start: {_last_words(log)}.", "see whether spark-submit runs"
        ) from error


def _last_words(log: Path) -> str:
    """What Spark calls an error first, or else an exception, in what it wrote."""
    said = log.read_text("utf-8", "replace")
    found = re.search(r" ERROR [^:\s]+: (.+)", said) or re.search(r"(.*(?:Exception|Error)\b.*)", said)
    return (found[1].strip() if found else "it does not say why").rstrip(".!")[:300]


def _wait_for_workers(session: SparkSession, master: str, patience_s: float) -> None:
    """Return once a worker takes work. Without one Spark would wait for ever."""
    context: Any = session.sparkContext
    end = time.monotonic() + patience_s
    # The program here is one of them.
    while context._jsc.sc().getExecutorMemoryStatus().size() < 2:
        if time.monotonic() > end or context._jsc.sc().isStopped():
            raise LogError(
                f"no worker of {master} took the report's work within {patience_s:g} s.",
                "start a worker there with a free core and 1 GiB of memory",
            )
        time.sleep(0.1)


def _problem(error: Exception) -> str | None:
    """What Spark says in `error`, in one line; None where it is not Spark's."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    if not isinstance(error, (PySparkException, Py4JError)):
        return None
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    causes = [line.removeprefix("Caused by: ") for line in lines if line.startswith("Caused by: ")]
    return ((causes or lines or [type(error).__name__])[-1 if causes else 0]).rstrip(".")[:300]


def _stop(session: SparkSession) -> None:
    gateway = session.sparkContext._gateway
    with suppress(Exception):
        session.stop()
    _close(gateway)


def _close(gateway: Any) -> None:
    """End the Java program behind `gateway`, so that the next session starts its own."""
    from pyspark import SparkContext

    with suppress(Exception):
        gateway.shutdown()
    process = gateway.proc
    with suppress(OSError, subprocess.TimeoutExpired):
        process.stdin.close()
        process.wait(timeout=_CLOSE_S)
    if process.poll() is None:
        process.kill()
        process.wait()
    SparkContext._active_spark_context = SparkContext._gateway = SparkContext._jvm = None
