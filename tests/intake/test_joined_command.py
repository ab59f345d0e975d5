"""`laoke import` with files that tell orders only together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from typer.testing import CliRunner

from laoke.config.cli import app
from laoke.shops.models import Shop
from tests.intake.facts import olist_texts, stored

pytestmark = pytest.mark.django_db(transaction=True)


def imported(*files: Path, code: int = 0) -> list[dict[str, Any]]:
    done = CliRunner().invoke(app, ["--json", "import", *map(str, files)])
    assert done.exit_code == code, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def written(folder: Path) -> dict[str, Path]:
    paths = {name: folder / name for name in olist_texts()}
    for name, text in olist_texts().items():
        paths[name].write_text(text, encoding="utf-8")
    return paths


def test_they_are_one_import_and_again_change_nothing(shop: Shop, tmp_path: Path) -> None:
    files = written(tmp_path).values()
    (first,) = imported(*files)
    (again,) = imported(*reversed(list(files)))

    assert (first["file"], first["rows_read"], first["new"]) == ("orders + items + payments.csv", 1, 1)
    assert (again["new"], again["changed"], again["unchanged"]) == (0, 0, 1)
    assert [row["paid_cents"] for row in stored("orders")] == [1_250]
    assert list(settings.PLACE.staging.iterdir()) == []


def test_one_that_cannot_be_joined_keeps_no_other_file_back(shop: Shop, tmp_path: Path) -> None:
    parts = written(tmp_path)
    parts["items.csv"].write_bytes(olist_texts()["items.csv"].replace("cup", "杯").encode("gb18030"))
    other = tmp_path / "goods.csv"
    other.write_text("商品编码,商品名称,成本\ncup,杯子,3.00\n", encoding="utf-8")
    missing = tmp_path / "none.csv"

    told = imported(*parts.values(), other, missing, code=1)

    assert [one.get("error", "") for one in told] == ["part_unreadable", "", "no_file"]
