"""A Spark master and two workers on loopback, out of the pyspark package: for measuring, trying out and testing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from laoke.config.bench.ports import free_port

HOST = "127.0.0.1"
DAEMONS = {"SPARK_DAEMON_MEMORY": "192m", "SPARK_LOCAL_IP": HOST, "SPARK_NO_DAEMONIZE": "1"}
READY_SECONDS = 60.0


class ClusterFailed(RuntimeError):
    """The cluster did not come up; the text says what its log ended with."""


@contextmanager
def local_spark(folder: Path, *, workers: int = 2, cores: int = 1, memory: str = "1g") -> Iterator[str]:
    """`spark://127.0.0.1:port` of a cluster that lives as long as the block; logs and work lie in `folder`."""
    port, page = free_port(), free_port()
    url = f"spark://{HOST}:{port}"
    with ExitStack() as stack:
        words = ["master.Master", "--host", HOST, "--port", str(port), "--webui-port", str(page)]
        stack.enter_context(_daemon(folder, "master", words))
        _wait_for(folder, lambda: _alive_workers(page) is not None)
        for number in range(workers):
            words = ["worker.Worker", "--host", HOST, "--webui-port", "0", "--cores", str(cores)]
            words += ["--memory", memory, "--work-dir", str(folder / f"work-{number}"), url]
            stack.enter_context(_daemon(folder, f"worker-{number}", words))
        _wait_for(folder, lambda: _alive_workers(page) == workers)
        yield url


@contextmanager
def _daemon(folder: Path, name: str, words: list[str]) -> Iterator[None]:
    import pyspark

    home = Path(pyspark.__file__).parent
    script = home / "bin" / ("spark-class.cmd" if sys.platform == "win32" else "spark-class")
    command = [str(script), f"org.apache.spark.deploy.{words[0]}", *words[1:]]
    environment = {**os.environ, **DAEMONS, "SPARK_HOME": str(home)}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _alive_workers(page: int) -> int | None:
    """How many workers the master knows; None while it does not answer."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{page}/json/", timeout=5) as answer:
            return int(json.load(answer)["aliveworkers"])
    except (OSError, ValueError, KeyError):
        return None


def _wait_for(folder: Path, ready) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + READY_SECONDS
    while not ready():
        if time.monotonic() > until:
            logs = sorted(folder.glob("*.log"))
            said = "\n".join(log.read_text(encoding="utf-8", errors="replace")[-1500:] for log in logs)
            raise ClusterFailed(f"the Spark cluster did not come up in {READY_SECONDS:.0f} s:\n{said}")
        time.sleep(0.1)
