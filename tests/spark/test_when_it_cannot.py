"""A cluster that is away, empty, of another kind or lost: told by its code, and asked anew when it is back."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from laoke.config.bench.local_spark import local_spark
from laoke.shops.unavailable_words import told
from laoke.warehouse import spark_cluster
from laoke.warehouse.engine_setting import EngineProblem, SparkSetting, spark_setting
from laoke.warehouse.store import Warehouse
from tests.flows.commands import Laoke
from tests.spark.asking import Facts
from tests.warehouse.shops import order, orders


@pytest.fixture
def three_orders(tmp_path: Path) -> Facts:
    warehouse = Warehouse(tmp_path / "warehouse")
    warehouse.append("orders", orders(*(order(f"A{n}", n + 1) for n in range(3))), app_id="1")
    return Facts.newest(warehouse.root)


def counted(facts: Facts, engine: SparkSetting) -> int:
    found: int = facts.reader(engine).query("orders_span", shop_id=1)["orders"][0].as_py()
    return found


def test_a_driver_that_died_is_started_again(three_orders: Facts, cluster: SparkSetting) -> None:
    assert counted(three_orders, cluster) == 3
    died = spark_cluster.connection(cluster)
    died._gateway.proc.kill()
    died._gateway.proc.wait()

    assert counted(three_orders, cluster) == 3
    assert spark_cluster.connection(cluster) is not died


def test_a_file_that_took_anothers_place_is_read_anew(three_orders: Facts, cluster: SparkSetting) -> None:
    """As when the numbers of an erased person are replaced in a version that a review names."""
    assert counted(three_orders, cluster) == 3
    [file] = Warehouse(three_orders.root).files("orders")
    rows = pq.ParquetFile(file).read()
    pq.write_table(rows.slice(0, 1), file)

    assert counted(three_orders, cluster) == 1


def test_files_that_the_workers_do_not_see(three_orders: Facts, cluster: SparkSetting) -> None:
    for file in Warehouse(three_orders.root).files("orders"):
        file.unlink()

    with pytest.raises(EngineProblem) as refused:
        counted(three_orders, cluster)
    assert refused.value.code == "files_unseen"
    assert str(three_orders.root) in told(refused.value)


def test_the_commands_of_a_shop_ask_the_cluster_and_say_when_it_is_away(
    demo_home: Laoke, cluster: SparkSetting, monkeypatch: pytest.MonkeyPatch
) -> None:
    laoke = demo_home
    here = laoke("segment", "count", "bought(2+)")["count"]
    spark_cluster.disconnect()  # the executors that the tests before hold would be given back after a while
    monkeypatch.setenv("LAOKE_ENGINE", f"spark://{cluster.address}?memory=512m&driver=512m&partitions=2")

    assert laoke("segment", "count", "bought(2+)")["count"] == here > 0
    checks = {one["name"]: one for one in laoke("doctor")["checks"]}
    assert checks["engine"]["state"] == "good"
    assert checks["engine"]["detail"]["version"] == spark_cluster.installed_version()

    monkeypatch.setenv("LAOKE_ENGINE", "spark://127.0.0.1:1")

    refused = laoke("segment", "count", "bought(2+)", refused=True)
    assert refused["error"] == "unreachable"
    assert refused["message"].startswith("连不上 Spark 集群 127.0.0.1:1")
    damaged = laoke("doctor", refused=True)
    assert [problem[:4] for problem in damaged["problems"]] == ["计算引擎"]


@pytest.fixture
def something_else() -> Iterator[SparkSetting]:
    """A port that is open and says nothing, as a master of another version does."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield spark_setting(f"spark://127.0.0.1:{server.getsockname()[1]}?start=12&driver=512m")


def test_a_port_that_does_not_take_us(three_orders: Facts, something_else: SparkSetting) -> None:
    with pytest.raises(EngineProblem) as refused:
        counted(three_orders, something_else)
    assert refused.value.code == "not_taken"
    assert spark_cluster.installed_version() in told(refused.value)


def test_a_master_without_workers(three_orders: Facts, tmp_path: Path) -> None:
    (tmp_path / "cluster").mkdir()
    with local_spark(tmp_path / "cluster", workers=0) as url:
        with pytest.raises(EngineProblem) as refused:
            counted(three_orders, spark_setting(f"{url}?seconds=4&driver=512m"))
        spark_cluster.disconnect()
    assert refused.value.code == "no_workers"
