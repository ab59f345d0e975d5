"""A shop whose tables lie in object storage: the same commands, and a plain word when the storage is away."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flows.commands import Laoke
from tests.warehouse.s3 import BUCKET, client, s3_server

pytestmark = pytest.mark.timeout(600)


def test_a_shop_on_object_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    laoke = Laoke(tmp_path / "home")
    with s3_server() as address:
        client(address).create_bucket(Bucket=BUCKET)
        for name, value in (
            ("", f"s3://{BUCKET}/shop"),
            ("_ENDPOINT", address),
            ("_KEY", "k"),
            ("_SECRET", "s"),
        ):
            monkeypatch.setenv(f"LAOKE_TABLES{name}", value)
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
    with s3_server() as address:
        client(address).create_bucket(Bucket=BUCKET)
        for name, value in (
            ("", f"s3://{BUCKET}/shop"),
            ("_ENDPOINT", address),
            ("_KEY", "k"),
            ("_SECRET", "s"),
        ):
            monkeypatch.setenv(f"LAOKE_TABLES{name}", value)
        laoke("init")
        laoke("shop", "add", "书店")
        orders = str(shared / "ExportOrderList_derived_2017_2018.csv")

        assert laoke("import", orders, now="2018-12-31 20:00")["new"] == 2660
        assert laoke("import", orders, now="2018-12-31 20:00")["unchanged"] == 2660
        assert laoke("segment", "count", "spent(>= 0)", now="2018-12-31 20:00")["count"] == 1817
