"""Which engine answers the named queries and the segments: DuckDB in this process, or a Spark cluster by its address.

`LAOKE_ENGINE` is `duckdb` (the default) or `spark://host:port` with the options
of `SparkSetting` behind a `?`.

    EngineProblem   the engine cannot answer; `code` says why, `detail` names the particulars
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from laoke.warehouse.unavailable import Unavailable

NAME = "LAOKE_ENGINE"
SPARK_PORT = 7077
_SIZE = re.compile(r"[1-9][0-9]*[mg]")


class EngineProblem(Unavailable):
    """The engine cannot answer."""

    CODES: ClassVar[Mapping[str, str]] = {
        "setting": "LAOKE_ENGINE: {why}",
        "no_pyspark": "pyspark is not installed: install laoke[spark]",
        "no_java": "no Java was found: Spark needs Java 17 or newer",
        "old_java": "this Java is too old: Spark needs Java 17 or newer",
        "unreachable": "the Spark master {address} does not answer ({why})",
        "not_taken": "{address} did not take this program in {seconds} s: the cluster must run Spark {version}",
        "other_version": "the cluster runs another version of Spark than this program's {version}",
        "no_workers": "the Spark master {address} gave no worker in {seconds} s",
        "too_long": "the Spark cluster did not answer in {seconds} s",
        "files_unseen": "the Spark workers cannot read the tables under {folder}",
        "no_s3a": "the Spark cluster cannot read s3:// without hadoop-aws",
        "lost": "the Spark cluster went away: {why}",
        "failed": "the Spark cluster refused: {why}",
    }


@dataclass(frozen=True)
class SparkSetting:
    """A cluster and what one process of Laoke takes of it.

    Executors have `cores` and `memory` each; as many as are free are taken while queries run and given back when
    idle, so that the processes of Laoke share a cluster. Rows that have to meet are spread over `partitions`, of
    which Spark joins the small ones. `start` and `seconds` bound connecting and one query.
    """

    host: str
    port: int = SPARK_PORT
    cores: int = 1
    memory: str = "1g"
    driver: str = "1g"
    partitions: int = 64
    start: int = 60
    seconds: int = 300

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"


def configured_engine(environment: Mapping[str, str] = os.environ) -> SparkSetting | None:
    """The cluster that `LAOKE_ENGINE` names, None for DuckDB; raises EngineProblem `setting` on anything else."""
    value = environment.get(NAME, "").strip()
    return None if value in ("", "duckdb") else spark_setting(value)


def spark_setting(url: str) -> SparkSetting:
    """The setting behind one `spark://` address."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or SPARK_PORT
    except ValueError as error:
        raise EngineProblem("setting", why=str(error)) from error
    if parts.scheme != "spark" or not host:
        raise EngineProblem("setting", why=f"found {url!r}, expected duckdb or spark://host:port")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    numbers = {
        name: _number(name, options.pop(name))
        for name in ("cores", "partitions", "start", "seconds")
        if name in options
    }
    sizes = {name: _size(name, options.pop(name)) for name in ("memory", "driver") if name in options}
    if options:
        raise EngineProblem("setting", why=f"unknown option {sorted(options)[0]!r}")
    return SparkSetting(host, port, **numbers, **sizes)  # type: ignore[arg-type]


def _number(name: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 86_400:
        raise EngineProblem("setting", why=f"{name}: found {text!r}, expected a number from 1 to 86400")
    return int(text)


def _size(name: str, text: str) -> str:
    if not _SIZE.fullmatch(text):
        raise EngineProblem("setting", why=f"{name}: found {text!r}, expected a size such as 512m or 2g")
    return text
