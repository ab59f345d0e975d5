"""The first shop by command: whoever adds it must be able to sign in afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from laoke.config import console
from laoke.config.commands.house import shop_add
from laoke.shops.models import Shop, Staff, User


def test_the_first_shop_brings_the_owner_and_a_password_that_opens(
    home: Path, db: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.settings, "as_json", True)
    shop_add("我的店", platform="tmall", category="", currency="CNY")
    first = json.loads(capsys.readouterr().out)
    shop_add("第二家", platform="taobao", category="", currency="CNY")
    second = json.loads(capsys.readouterr().out)

    owner = User.objects.get()
    assert (first["shop"], first["username"]) == ("我的店", "owner")
    assert owner.check_password(first["one_time_password"]) and owner.must_change_password
    assert set(second) == {"shop", "id"}
    assert list(Staff.objects.order_by("shop").values_list("user", "shop__name", "role")) == [
        (owner.pk, "我的店", "owner"),
        (owner.pk, "第二家", "owner"),
    ]


def test_for_people_the_password_is_said_once(
    home: Path, db: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console.settings, "as_json", False)
    shop_add("我的店", platform="tmall", category="", currency="CNY")
    shop_add("第二家", platform="tmall", category="", currency="CNY")
    said = capsys.readouterr().out
    assert said.count("店长账号 owner，一次性密码 ") == 1
    assert [shop.name for shop in Shop.objects.order_by("pk")] == ["我的店", "第二家"]
