"""A shop whose tables lie in object storage: the same commands, and a plain word when the storage is away."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from tests.flows.commands import Laoke
from tests.warehouse.s3 import BUCKET, client, s3_server

pytestmark = pytest.mark.timeout(600)
S3: TypeAlias = Any
LOG, ASIDE = "shop/customer_features/_delta_log/", "shop/_set_aside/customer_features/"


@contextmanager
def tables_in_s3(patch: pytest.MonkeyPatch) -> Iterator[S3]:
    """Every command finds its tables in a bucket; boto3's client is for what a person does beside Laoke."""
    with s3_server() as address:
        storage = client(address)
        storage.create_bucket(Bucket=BUCKET)
        for name, value in (
            ("", f"s3://{BUCKET}/shop"),
            ("_ENDPOINT", address),
            ("_KEY", "k"),
            ("_SECRET", "s"),
        ):
            patch.setenv(f"LAOKE_TABLES{name}", value)
        yield storage


def test_a_shop_on_object_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laoke = Laoke(tmp_path / "home")
    with tables_in_s3(monkeypatch):
        laoke("demo", "--customers", "300", "--orders", "900")

        assert laoke("segment", "count", "bought(2+)")["count"] > 0
        assert laoke("segment", "count", "bought(within 100d) and has(phone)")["count"] > 0
        laoke("upkeep")
        assert laoke("doctor")["ok"] is True
        assert list((tmp_path / "home" / "warehouse").iterdir()) == []

    away = laoke("segment", "count", "bought(2+)", refused=True)
    assert (away["error"], away["message"][:6]) == ("storage_away", "连不上对象存")
    assert [problem[:3] for problem in laoke("doctor", refused=True)["problems"]] == ["事实表", "事实表"]


def test_a_real_shop_on_object_storage(tmp_path: Path, shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laoke = Laoke(tmp_path / "home")
    with tables_in_s3(monkeypatch) as storage:
        laoke("init")
        laoke("shop", "add", "书店")
        orders = str(shared / "ExportOrderList_derived_2017_2018.csv")

        assert laoke("import", orders, now="2018-12-31 20:00")["new"] == 2660
        assert laoke("import", orders, now="2018-12-31 20:00")["unchanged"] == 2660
        assert spenders(laoke) == 1817

        # An entry of a log that was cut is found; the table is mended, and written anew from the facts.
        newest = max(one["Key"] for one in storage.list_objects_v2(Bucket=BUCKET, Prefix=LOG)["Contents"])
        whole = storage.get_object(Bucket=BUCKET, Key=newest)["Body"].read()
        storage.put_object(Bucket=BUCKET, Key=newest, Body=whole[: len(whole) // 2])
        assert [problem[:3] for problem in laoke("doctor", refused=True)["problems"]] == ["事实表"]
        assert laoke("doctor", "--repair", now="2018-12-31 20:00")["mended"] == ["customer_features"]
        assert spenders(laoke) == 1817
        aside = storage.list_objects_v2(Bucket=BUCKET, Prefix=ASIDE)["Contents"]
        assert [one["Key"].rpartition("-")[2] for one in aside] == [newest.rpartition("/")[2]]

        # An import that is taken back can be imported again.
        back = laoke("tables", "rollback", "--before-import", "1", "--yes", now="2018-12-31 20:00")
        assert 1 in back["imports"]
        assert laoke("import", orders, now="2018-12-31 20:00")["new"] == 2660
        people = tmp_path / "people.csv"
        people.write_text("会员名,姓名,手机,生日,等级\n小明,明,13800000001,02-03,金卡\n", encoding="utf-8")
        assert laoke("import", str(people), now="2018-12-31 20:00")["new"] == 1
        assert laoke("doctor")["ok"] is True


def spenders(laoke: Laoke) -> int:
    found: int = laoke("segment", "count", "spent(>= 0)", now="2018-12-31 20:00")["count"]
    return found
