"""The connection of this process to a Spark standalone cluster: one driver, started at the first question.

pyspark talks to a Java process of its own; both end with this process. Nothing is downloaded. A cluster that is not
there, another version, a missing Java: each is found before or while connecting and told by its code.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import threading
import warnings
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from laoke.warehouse.engine_setting import EngineProblem, SparkSetting

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

CONNECT_SECONDS = 5.0
IDLE_SECONDS = 15
TAIL_BYTES = 20_000


def reach(setting: SparkSetting) -> str:
    """Our own address as the master sees it; raises EngineProblem `unreachable` when nothing listens there."""
    try:
        with socket.create_connection((setting.host, setting.port), timeout=CONNECT_SECONDS) as found:
            return str(found.getsockname()[0])
    except OSError as error:
        why = "timeout" if isinstance(error, TimeoutError) else error.strerror or type(error).__name__
        raise EngineProblem("unreachable", address=setting.address, why=why) from error


def installed_version() -> str:
    """The version of pyspark, which the cluster must run too; raises EngineProblem `no_pyspark`."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("pyspark")
    except PackageNotFoundError as error:
        raise EngineProblem("no_pyspark") from error


def check_java() -> None:
    """Raise EngineProblem `no_java` or `old_java` unless a Java of 17 or newer is there."""
    home = os.environ.get("JAVA_HOME", "")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        raise EngineProblem("no_java")
    if _java_version(java) < 17:
        raise EngineProblem("old_java")


@lru_cache(maxsize=4)
def _java_version(java: str) -> int:
    """17 of `openjdk version "17.0.15"`, 8 of `java version "1.8.0_402"`."""
    told = subprocess.run([java, "-version"], capture_output=True, text=True, errors="replace", check=False)
    quoted = told.stderr.split('"')
    parts = quoted[1].replace("-", ".").split(".") if len(quoted) > 1 else ["0"]
    number = parts[1] if parts[0] == "1" and len(parts) > 1 else parts[0]
    return int(number) if number.isdigit() else 0


class Connection:
    """One running driver. `log` holds what the Java process said on its standard error."""

    def __init__(self, setting: SparkSetting) -> None:
        self.setting, self.process = setting, os.getpid()
        self.version = installed_version()
        check_java()
        ours = reach(setting)
        self.log: IO[bytes] = tempfile.TemporaryFile(prefix="laoke-spark-")  # noqa: SIM115  open as long as Java
        self._gateway: Any = None
        self.session = self._started(ours)

    def _started(self, ours: str) -> SparkSession:
        """The session, or the reason why there is none. Waiting for a master that says nothing ends here, not there."""
        outcome: list[Any] = []

        def start() -> None:
            try:
                outcome.append(self._start(ours))
            except BaseException as error:  # noqa: BLE001  it is raised in the waiting thread
                outcome.append(error)

        thread = threading.Thread(target=start, name="laoke-spark-start", daemon=True)
        thread.start()
        thread.join(self.setting.start)
        # Taken before the kill: that ends the start in the thread by an error of its own, which says nothing.
        cause = outcome[0] if outcome else None
        if cause is not None and not isinstance(cause, BaseException):
            session: SparkSession = cause
            return session
        said = self.said()
        self.kill()
        if "UnsupportedClassVersionError" in said:
            raise EngineProblem("old_java")
        if cause is not None and not _is_about_the_master(f"{cause}{said}"):
            raise EngineProblem("failed", why=first_line(cause)) from cause
        raise EngineProblem(
            "not_taken", address=self.setting.address, seconds=self.setting.start, version=self.version
        ) from cause

    def _start(self, ours: str) -> SparkSession:
        # pyspark warns of the version of pandas, which is not used here.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas", FutureWarning)
        from pyspark import SparkConf, SparkContext
        from pyspark.java_gateway import launch_gateway
        from pyspark.sql import SparkSession

        conf = SparkConf(loadDefaults=False).setAll(settings_of(self.setting, ours))
        self._gateway = launch_gateway(conf, {"stderr": self.log, "stdout": subprocess.DEVNULL})
        # The gateway reads the conf at its start; the context then finds its Java there.
        context = SparkContext(
            conf=SparkConf(_jvm=self._gateway.jvm).setAll(conf.getAll()), gateway=self._gateway
        )
        return SparkSession(context)

    @property
    def lost(self) -> bool:
        """Whether the driver has ended: its Java process, or the application on the cluster."""
        if self._gateway.proc.poll() is not None:
            return True
        return bool(self.session.sparkContext._jsc.sc().isStopped())

    def executors(self) -> int:
        """How many executors the cluster has given."""
        return int(self.session.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1

    def said(self) -> str:
        """The end of what the Java process told."""
        size = self.log.seek(0, os.SEEK_END)
        self.log.seek(max(size - TAIL_BYTES, 0))
        return self.log.read().decode("utf-8", "replace")

    def kill(self) -> None:
        """End the Java process without asking it."""
        if self._gateway is not None:
            with suppress(OSError):
                self._gateway.proc.stdin.close()
            self._gateway.proc.kill()
            self._gateway.proc.wait()
        _forget_context()
        self.log.close()

    def close(self) -> None:
        """Give the executors back and end."""
        with suppress(Exception):
            self.session.stop()
        self.kill()


def settings_of(setting: SparkSetting, ours: str) -> list[tuple[str, str]]:
    """What Spark is told: the share of the cluster, times without zone, and no service that nobody asked for."""
    return list(
        {
            "spark.master": f"spark://{setting.address}",
            "spark.app.name": "Laoke",
            "spark.driver.host": ours,
            "spark.driver.bindAddress": ours,
            "spark.driver.memory": setting.driver,
            "spark.executor.memory": setting.memory,
            "spark.executor.cores": str(setting.cores),
            # Processes share the cluster: executors come when there is work and go when there is none.
            "spark.dynamicAllocation.enabled": "true",
            "spark.dynamicAllocation.shuffleTracking.enabled": "true",
            "spark.dynamicAllocation.shuffleTracking.timeout": f"{IDLE_SECONDS}s",
            "spark.dynamicAllocation.executorIdleTimeout": f"{IDLE_SECONDS}s",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "ERROR",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.timestampType": "TIMESTAMP_NTZ",
            "spark.sql.ansi.enabled": "true",
            "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
            # The file list is ours and complete: no job that looks for files.
            "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
            "spark.sql.shuffle.partitions": str(setting.partitions),
            "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
            "spark.sql.catalogImplementation": "in-memory",
            "spark.sql.execution.arrow.pyspark.fallback.enabled": "false",
        }.items()
    )


def _is_about_the_master(text: str) -> bool:
    """Whether Spark gave up because the master did not take it, which another version of it never does."""
    signs = (
        "All masters are unresponsive",
        "InvalidClassException",
        "stopped SparkContext",
        "was stopped",
        "Connection",
    )
    return any(sign in text for sign in signs)


def _forget_context() -> None:
    """pyspark keeps what it started in class attributes; the next start must not find a dead one."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    SparkContext._active_spark_context = None
    SparkContext._gateway = SparkContext._jvm = None
    SparkSession._instantiatedSession = None


def first_line(error: BaseException) -> str:
    """What an error says, in one line without a stack."""
    text = str(error).strip()
    return text.splitlines()[0][:300] if text else type(error).__name__


def ask(setting: SparkSetting) -> str:
    """Let an executor of the cluster count, for a check; the cluster's version. Raises EngineProblem."""
    from laoke.warehouse import spark

    found = connection(setting)
    try:
        spark.collected(found, found.session.sql("SELECT sum(id) AS n FROM range(1000)"))
    except EngineProblem:
        raise
    except Exception as error:
        raise spark.problem_of(found, "", error) from error
    return found.version


_lock = threading.Lock()
_connections: dict[SparkSetting, Connection] = {}


def connection(setting: SparkSetting) -> Connection:
    """This process's connection, made anew when it was lost (and in a forked child)."""
    with _lock:
        found = _connections.get(setting)
        if found is not None and found.process == os.getpid():
            if not found.lost:
                return found
            found.kill()
        # A process has one driver: another setting takes the place of the one before.
        for other in _connections.values():
            if other.process == os.getpid() and other is not found:
                other.close()
        _connections.clear()
        _connections[setting] = Connection(setting)
        return _connections[setting]


def disconnect() -> None:
    """Give the executors back and end the Java process; the next question connects anew."""
    with _lock:
        for found in _connections.values():
            if found.process == os.getpid():
                found.close()
        _connections.clear()
