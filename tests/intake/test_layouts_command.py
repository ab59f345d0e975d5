"""`laoke layouts`: list, write, take, rename, delete; exit 1 with a reason where it cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from laoke.config.cli import app
from laoke.intake.models import SavedMapping
from laoke.intake.preview import remember
from laoke.shops.models import Shop
from laoke.shops.setup import add_shop
from tests.intake.facts import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def laoke(*words: str, code: int = 0) -> dict[str, Any]:
    done = CliRunner().invoke(app, ["--json", "layouts", *words])
    assert done.exit_code == code, done.output
    said: dict[str, Any] = json.loads(done.stdout)
    return said


def test_a_layout_goes_from_one_shop_to_another_by_a_file(shop: Shop, tmp_path: Path) -> None:
    add_shop("分店", now=NOW)
    header = ["单子", "何时下", "多少钱"]
    mapping = {"order_id": "单子", "created_at": "何时下", "total": "多少钱"}
    saved = remember(shop, header, mapping, grain="order", name="老系统", by=None, now=NOW)
    file = tmp_path / "old.toml"

    assert laoke("export", str(saved.pk), str(file), "--shop", "书店")["written"] == str(file)
    taken = laoke("take", str(file), "--shop", "分店")
    assert (taken["name"], taken["mapping"], taken["taken"]) == ("老系统", mapping, True)
    assert laoke("take", str(file), "--shop", "分店", code=1)["error"] == "known_header"
    assert laoke("rename", str(taken["id"]), "新名字", "--shop", "分店")["name"] == "新名字"
    assert [row["name"] for row in laoke("list", "--shop", "分店")["layouts"]] == ["新名字"]
    assert laoke("delete", str(taken["id"]), "--shop", "书店", code=1)["error"] == "no_layout"
    laoke("delete", str(taken["id"]), "--shop", "分店")
    assert SavedMapping.objects.count() == 1


def test_a_file_that_is_none_is_refused(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    assert laoke("take", str(file), code=1)["error"] == "no_file"
    file.write_bytes(b"x" * 70_000)
    assert laoke("take", str(file), code=1)["error"] == "too_large"
    assert not SavedMapping.objects.exists()
