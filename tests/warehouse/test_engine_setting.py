"""What LAOKE_ENGINE may say, and what is told when the engine it names cannot answer. No Spark is started here."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from laoke.shops.unavailable_words import _words, told
from laoke.warehouse import spark_cluster
from laoke.warehouse.engine import Reader
from laoke.warehouse.engine_setting import EngineProblem, SparkSetting, configured_engine, spark_setting
from laoke.warehouse.functions import RefusedQuery
from laoke.warehouse.spark_sql import translated


@pytest.mark.parametrize("value", ["", "duckdb", " duckdb "])
def test_without_a_setting_duckdb_answers(value: str) -> None:
    assert configured_engine({"LAOKE_ENGINE": value}) is None
    assert configured_engine({}) is None


def test_a_cluster_and_what_one_process_takes_of_it() -> None:
    found = configured_engine({"LAOKE_ENGINE": "spark://master:7078?cores=4&memory=8g&driver=2g&seconds=60"})

    assert found == SparkSetting("master", 7078, cores=4, memory="8g", driver="2g", seconds=60)
    assert spark_setting("spark://master").address == "master:7077"


@pytest.mark.parametrize(
    "value",
    [
        "spark",
        "http://master:7077",
        "spark://",
        "spark://m:x",
        "spark://m?memory=lots",
        "spark://m?cores=0",
        "spark://m?x=1",
    ],
)
def test_anything_else_is_refused_by_name(value: str) -> None:
    with pytest.raises(EngineProblem) as refused:
        configured_engine({"LAOKE_ENGINE": value})
    assert refused.value.code == "setting"
    assert told(refused.value).startswith("设置 LAOKE_ENGINE 看不懂：")


def test_the_setting_reaches_every_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAOKE_ENGINE", "spark://127.0.0.1:1")
    reader = Reader("", {})

    assert reader.engine == SparkSetting("127.0.0.1", 1)
    # What is no named query is bookkeeping and stays here.
    assert reader.rows("SELECT count(*) AS n FROM orders") == [{"n": 0}]


def test_every_problem_has_its_sentence() -> None:
    assert set(EngineProblem.CODES) <= set(_words())


def test_a_cluster_that_is_not_there() -> None:
    with pytest.raises(EngineProblem) as refused:
        Reader("", {}, engine=SparkSetting("127.0.0.1", 1)).query("orders_span", shop_id=1)
    assert refused.value.code == "unreachable"
    assert told(refused.value).startswith("连不上 Spark 集群 127.0.0.1:1（")


def test_a_machine_without_java(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(EngineProblem) as refused:
        spark_cluster.check_java()
    assert refused.value.code == "no_java"


@pytest.mark.parametrize(
    ("version", "code"),
    [("1.8.0_402", "old_java"), ("11.0.2", "old_java"), ("17.0.15", ""), ("21", ""), ("22-ea", "")],
)
def test_the_version_of_java(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, version: str, code: str
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n", encoding="utf-8")
    java.chmod(java.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))

    if code:
        with pytest.raises(EngineProblem) as refused:
            spark_cluster.check_java()
        assert refused.value.code == code
    else:
        spark_cluster.check_java()


def test_what_the_engines_do_not_share_is_not_translated() -> None:
    with pytest.raises(RefusedQuery):
        translated("SELECT date_diff('day', a, b) FROM orders", {})


def test_translated_words_mean_the_same() -> None:
    sql = translated(
        "SELECT a // b, a % b, a // 7, x FROM t WHERE x = $x ORDER BY a DESC, x LIMIT $n", {"x": "茶", "n": 3}
    )

    assert sql == (
        "SELECT a DIV NULLIF(b, 0), a % NULLIF(b, 0), a DIV 7, x FROM t WHERE x = CAST(:x AS STRING)"
        " ORDER BY a DESC, x NULLS LAST LIMIT CAST(:n AS INT)"
    )
