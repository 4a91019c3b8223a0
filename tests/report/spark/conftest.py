"""A standalone cluster of Spark on loopback, one master and two workers, for the tests that ask for it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from socket import create_connection, create_server

import pytest

MISSING = next(
    (
        why
        for why, there in (
            ("needs PySpark (pip install 'r1plan[spark]')", find_spec("pyspark")),
            ("needs sqlglot (pip install 'r1plan[spark]')", find_spec("sqlglot")),
            ("needs Java (Debian: apt-get install default-jre-headless)", shutil.which("java")),
        )
        if not there
    ),
    None,
)
needs_spark = pytest.mark.skipif(MISSING is not None, reason=str(MISSING))
_CORES, _MEMORY = "1", "1g"
_MOST_SECONDS = 120


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a master on loopback with two workers, each with a core and 1 GiB."""
    folder = tmp_path_factory.mktemp("spark")
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    master = f"spark://127.0.0.1:{port}"
    with (
        _running(folder, "master.Master", "--host", "127.0.0.1", "--port", str(port)),
        _running(
            folder, "worker.Worker", "--host", "127.0.0.1", "--cores", _CORES, "--memory", _MEMORY, master, name="one"
        ),
        _running(
            folder, "worker.Worker", "--host", "127.0.0.1", "--cores", _CORES, "--memory", _MEMORY, master, name="two"
        ),
    ):
        end = time.monotonic() + _MOST_SECONDS
        while not _answers(port):
            assert time.monotonic() < end, (folder / "master.log").read_text()
            time.sleep(0.1)
        yield master


def quick_java() -> dict[str, str]:
    """Java starts in less time where it does not compile for the long run."""
    return {"JAVA_TOOL_OPTIONS": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xshare:auto"}


@contextmanager
def _running(folder: Path, role: str, *arguments: str, name: str = "master") -> Iterator[None]:
    spec = find_spec("pyspark")
    assert spec is not None
    assert spec.origin is not None
    home = Path(spec.origin).parent
    work = folder / name
    work.mkdir()
    environment = {
        **os.environ,
        **quick_java(),
        "SPARK_HOME": str(home),
        "SPARK_WORKER_DIR": str(work),
        "SPARK_LOCAL_DIRS": str(work),
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_DAEMON_MEMORY": "256m",
    }
    with (folder / f"{name}.log").open("wb") as log:
        # It ends when this process does, however that ends.
        process = subprocess.Popen(
            [
                *("sh", "-c", '"$@" & cat > /dev/null; kill $!; wait', "sh"),
                *(str(home / "bin" / "spark-class"), f"org.apache.spark.deploy.{role}", "--webui-port", "0"),
                *arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            env=environment,
            start_new_session=True,
        )
        try:
            yield
        finally:
            process.communicate()
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _answers(port: int) -> bool:
    try:
        with create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
