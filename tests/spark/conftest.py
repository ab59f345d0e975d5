"""One Spark cluster for all tests here (a master and two workers on loopback), and the shops it is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from laoke.config.bench.local_spark import local_spark
from laoke.warehouse import spark_cluster
from laoke.warehouse.engine_setting import SparkSetting, spark_setting
from tests.flows.commands import Laoke
from tests.spark.asking import Facts

# What lives a minute is not worth a second compiler, nor collector threads.
SHORT_LIVED_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"
BOOKSHOP_NOW = "2018-11-30 20:00"


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSetting]:
    """The cluster as a setting; this process's connection to it ends with the tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", SHORT_LIVED_JAVA)
        with local_spark(tmp_path_factory.mktemp("cluster"), memory="512m") as url:
            yield spark_setting(f"{url}?memory=512m&driver=512m&partitions=2&seconds=120")
            spark_cluster.disconnect()


@pytest.fixture(scope="session")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Laoke:
    """A small demo shop: every kind of fact."""
    laoke = Laoke(tmp_path_factory.mktemp("demo") / "home")
    laoke("demo", "--customers", "1500", "--orders", "5000")
    laoke("value")
    return laoke


@pytest.fixture(scope="session")
def demo_shop(demo_home: Laoke) -> Facts:
    return Facts.newest(demo_home.home / "warehouse")


@pytest.fixture(scope="session")
def bookshop(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Facts:
    """A real shop's orders of two years."""
    laoke = Laoke(tmp_path_factory.mktemp("bookshop") / "home")
    laoke("init")
    laoke("shop", "add", "书店")
    laoke("import", str(shared / "ExportOrderList_derived_2017_2018.csv"), now=BOOKSHOP_NOW)
    laoke("value", now=BOOKSHOP_NOW)
    return Facts.newest(laoke.home / "warehouse")
